import type { Signatures } from "../keyring/algorithms.ts";
import type { Meter } from "../telemetry/meter.ts";

/** Measures every signature that is made with a key of `signatures`. */
export function measuredSignatures(signatures: Signatures, meter: Meter): Signatures {
  return {
    ...signatures,
    async load(algorithm, privateJwk) {
      const key = await signatures.load(algorithm, privateJwk);
      return {
        ...key,
        async sign(claims) {
          const begun = performance.now();
          const jwt = await key.sign(claims);
          meter.signed({ algorithm, seconds: (performance.now() - begun) / 1000 });
          return jwt;
        },
      };
    },
  };
}
