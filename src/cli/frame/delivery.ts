import { setImmediate } from "node:timers/promises";
import type { Output } from "./io.ts";

/**
 * Watches what is written to an output. The function that it returns waits until all of it has left, and resolves to the
 * system's code of the failure if it did not, such as ENOSPC. It is no failure that the reader closes early, as head does.
 */
export function watchOutput(output: Output): () => Promise<string | undefined> {
  let failure: string | undefined;
  output.on("error", ({ code = "unknown error" }: NodeJS.ErrnoException) => {
    if (code !== "EPIPE") failure ??= code;
  });
  return async () => {
    if (output.writableLength > 0) await new Promise((resolve) => output.write("", resolve));
    // A stream tells its failure a little later than the write that failed.
    await setImmediate();
    return failure;
  };
}
