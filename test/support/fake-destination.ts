import type { OpenDestination } from "../../src/telemetry/audit/destination.ts";

/** A system error. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk says no`), { code });
}

/** A file on a disk that fails, fills up and hangs as it is told to. */
export interface FakeFile {
  /** All that is in it. */
  text: string;
  /** How many bytes still fit on the disk. */
  room: number;
  /** What the next call of that kind throws. */
  readonly failNext: { open?: Error | undefined; write?: Error | undefined; sync?: Error | undefined };
  /** How often each was called. */
  readonly calls: { open: number; write: number; sync: number; close: number };
  /** Makes writes wait until the returned function is called. */
  hang(): () => void;
  open: OpenDestination;
}

export function fakeFile(text = ""): FakeFile {
  let hanging: Promise<void> | undefined;
  function failing(kind: keyof FakeFile["failNext"]): void {
    file.calls[kind] += 1;
    const error = file.failNext[kind];
    file.failNext[kind] = undefined;
    if (error !== undefined) throw error;
  }
  const file: FakeFile = {
    text,
    room: Number.POSITIVE_INFINITY,
    failNext: {},
    calls: { open: 0, write: 0, sync: 0, close: 0 },
    hang() {
      const { promise, resolve } = Promise.withResolvers<void>();
      hanging = promise;
      return () => {
        hanging = undefined;
        resolve();
      };
    },
    async open() {
      failing("open");
      return {
        isTorn: file.text !== "" && !file.text.endsWith("\n"),
        async write(bytes) {
          failing("write");
          await hanging;
          const fitting = bytes.subarray(0, Math.min(bytes.length, file.room));
          if (fitting.length === 0) throw systemError("ENOSPC");
          file.room -= fitting.length;
          file.text += Buffer.from(fitting).toString();
          return fitting.length;
        },
        sync: async () => failing("sync"),
        async close() {
          file.calls.close += 1;
        },
      };
    },
  };
  return file;
}
