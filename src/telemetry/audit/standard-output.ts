import { standardLines } from "../../base/line-output.ts";
import type { OpenDestination } from "./destination.ts";

const LINE_END = "\n".charCodeAt(0);

/** Resolves once the line is written. Throws as `node:fs` does. */
type WriteLine = (line: Uint8Array) => Promise<void>;

/**
 * Opens standard output, or what `writeLine` writes to. A log may go there too, so each line is a write of its own, and
 * waits for the log's lines before it.
 */
export function standardOutput(writeLine: WriteLine = (line) => standardLines.append(line)): OpenDestination {
  async function write(bytes: Uint8Array): Promise<number> {
    const line = bytes.subarray(0, bytes.indexOf(LINE_END) + 1 || bytes.length);
    await writeLine(line);
    return line.length;
  }

  return async () => ({ isTorn: false, write, sync: async () => undefined, close: async () => undefined });
}
