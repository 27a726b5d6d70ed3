import { createHash } from "node:crypto";
import type { Random } from "../../src/base/random.ts";

/** Bytes that look random and are the same for the same seed. */
export function seededRandom(seed = "seed"): Random {
  let count = 0;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        count += 1;
        bytes.set(
          createHash("sha256")
            .update(`${seed} ${count}`)
            .digest()
            .subarray(0, length - at),
          at,
        );
      }
      return bytes;
    },
  };
}
