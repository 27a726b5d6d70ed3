import { write } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import type { OpenDestination } from "./destination.ts";

/** How long to wait for whoever reads a full pipe, in milliseconds. */
const READ_MEANWHILE = 5;

const STDOUT = 1;

const LINE_END = "\n".charCodeAt(0);

/** Writes as many of the bytes as it can, and resolves to their number. Throws as `node:fs` does. */
type Write = (bytes: Uint8Array) => Promise<number>;

/**
 * Opens standard output, or what `writeSome` writes to. A log may go there too, so each line is a write of its own: the
 * system keeps a write of up to 4 KiB to a pipe together.
 */
export function standardOutput(writeSome: Write = writeToStdout): OpenDestination {
  let isTorn = false;

  async function writeLine(bytes: Uint8Array): Promise<number> {
    const end = bytes.indexOf(LINE_END);
    const line = end < 0 ? bytes : bytes.subarray(0, end + 1);
    try {
      const written = await writeSome(line);
      isTorn = written > 0 ? line[written - 1] !== LINE_END : isTorn;
      return written;
    } catch (error) {
      if (!isFull(error)) throw error;
      await setTimeout(READ_MEANWHILE);
      return 0;
    }
  }

  return async () => ({ isTorn, write: writeLine, sync: async () => undefined, close: async () => undefined });
}

async function writeToStdout(bytes: Uint8Array): Promise<number> {
  return (await promisify(write)(STDOUT, bytes)).bytesWritten;
}

/** Whether a pipe is full, and does not block. */
function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
