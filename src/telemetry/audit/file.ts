import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Destination } from "./destination.ts";

/** Only its owner may read the file, and write to it. */
const MODE = 0o600;

const LINE_END = "\n".charCodeAt(0);

/** Opens a file to read it. Throws as `node:fs` does. */
type OpenToRead = (path: string) => Promise<FileHandle>;

const openToRead: OpenToRead = (path) => open(path, "r");

/**
 * Opens a file to append lines to, and makes it if there is none. Several processes may append to one file, as the system
 * keeps each write together. `reopen`: how it is opened to be read. Throws as `node:fs` does.
 */
export async function openFile(path: string, reopen: OpenToRead = openToRead): Promise<Destination> {
  const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, MODE);
  try {
    return new AppendedFile(file, path, await isTorn(file, () => reopen(path)));
  } catch (error) {
    await file.close();
    throw error;
  }
}

class AppendedFile implements Destination {
  readonly isTorn: boolean;
  readonly #file: FileHandle;
  readonly #path: string;
  #isNameDurable = false;

  constructor(file: FileHandle, path: string, isTorn: boolean) {
    this.#file = file;
    this.#path = path;
    this.isTorn = isTorn;
  }

  async write(bytes: Uint8Array): Promise<number> {
    return (await this.#file.write(bytes)).bytesWritten;
  }

  async sync(): Promise<void> {
    await this.#file.datasync();
    // A new file is found after a crash only once its directory is written, too.
    if (!this.#isNameDurable) await syncDirectory(dirname(this.#path));
    this.#isNameDurable = true;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Whether it was deleted, rather than renamed. A named pipe has its reader nevertheless. */
  async isGone(): Promise<boolean> {
    const status = await this.#file.stat();
    return status.isFile() && status.nlink === 0;
  }
}

/**
 * Whether a file ends within a line: its writer has crashed, or its disk was full. A file that cannot be read counts as
 * torn, as an empty line is better than one that continues another.
 */
async function isTorn(file: FileHandle, reopen: () => Promise<FileHandle>): Promise<boolean> {
  const status = await file.stat();
  if (!status.isFile() || status.size === 0) return false;
  // A handle that can also read would be a reader of a named pipe, and keep a missing one from being noticed.
  const reader = await reopen().catch(() => undefined);
  if (reader === undefined) return true;
  try {
    if (!isSameFile(await reader.stat(), status)) return true;
    const { buffer, bytesRead } = await reader.read(Buffer.alloc(1), 0, 1, status.size - 1);
    return bytesRead === 1 && buffer[0] !== LINE_END;
  } finally {
    await reader.close();
  }
}

/** Whether two handles are of one file; its path may name another by now, as it is renamed to rotate it. */
function isSameFile(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
