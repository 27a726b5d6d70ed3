import { writeSync } from "node:fs";
import { type Machine, thisMachine } from "./clock.ts";

/** How long to leave a full pipe to whoever reads it, in milliseconds. */
const READ_MEANWHILE = 10;

/** How often a process that ends tries again to write what waits. */
const LAST_TRIES = 100;

const LINE_END = Buffer.from("\n");

/** What lines of a log may take while nobody reads them, in bytes. */
const ROOM = 8 * 1024 * 1024;

const STDOUT = 1;

/** Writes as many of the bytes as it can without waiting, and returns their number. Throws as `node:fs` does. */
type WriteSome = (bytes: Uint8Array) => number;

/** What a {@link LineOutput} needs. */
interface LineOutputParts {
  readonly write: WriteSome;
  readonly after: Machine["after"];
  /** Blocks for so many milliseconds. */
  readonly block: (milliseconds: number) => void;
  /** The most bytes of lines that wait. */
  readonly room: number;
}

/** A line, and what becomes of it. */
interface Line {
  rest: Uint8Array;
  isBegun: boolean;
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Writes lines in their order, each with a write of its own, at once if it can: the last line before a crash is there.
 * Lines wait, and the process goes on, while nobody reads them. If too many wait, further ones are lost until all that
 * wait are written.
 */
export class LineOutput {
  readonly #parts: LineOutputParts;
  readonly #waiting = new Set<Line>();
  #waitingBytes = 0;
  #lost = 0;
  #lostInAll = 0;
  #isFull = false;
  #isFailing = false;
  #isTorn = false;
  #onLost: (lost: number) => void = () => undefined;

  constructor(parts: LineOutputParts) {
    this.#parts = parts;
  }

  /** Who is told how many lines were lost, once lines can be written again. */
  set onLost(told: (lost: number) => void) {
    this.#onLost = told;
  }

  /** How many lines were lost since the start. */
  get lostInAll(): number {
    return this.#lostInAll;
  }

  /** Writes a line, soon or at once. It is lost if too many wait, or if it cannot be written. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    const lost = () => {
      this.#lost += 1;
      this.#lostInAll += 1;
    };
    const isGap = this.#lost > 0 && this.#waiting.size > 0;
    if (isGap || this.#waitingBytes + bytes.length > this.#parts.room) lost();
    else this.#add({ rest: bytes, isBegun: false, written: () => undefined, failed: lost });
  }

  /** Resolves once the line, and all before it, are written: it is never lost. Throws as `node:fs` does. */
  append(line: Uint8Array): Promise<void> {
    return new Promise((written, failed) => this.#add({ rest: line, isBegun: false, written, failed }));
  }

  /** Blocks until what waits is written or, as nobody reads it, for about a second at most. For a process that ends. */
  flush(): void {
    this.#writeWaiting();
    for (let tries = 0; this.#waiting.size > 0 && tries < LAST_TRIES; tries += 1) {
      this.#parts.block(READ_MEANWHILE);
      this.#writeWaiting();
    }
  }

  #add(line: Line): void {
    this.#waiting.add(line);
    this.#waitingBytes += line.rest.length;
    if (!this.#isFull) this.#writeWaiting();
  }

  #writeWaiting(): void {
    for (const line of this.#waiting) {
      const { length } = line.rest;
      const isDone = this.#writeLine(line);
      this.#waitingBytes -= length - (isDone ? 0 : line.rest.length);
      if (!isDone) {
        this.#tryLater();
        return;
      }
      this.#waiting.delete(line);
    }
    if (this.#lost > 0 && !this.#isFailing) this.#tellLost(this.#lost);
  }

  #tellLost(lost: number): void {
    this.#lost = 0;
    this.#onLost(lost);
    // The line that tells of it may be lost, too.
    if (this.#lost > 0) this.#lost += lost;
  }

  /** Returns false if a part of the line must wait. */
  #writeLine(line: Line): boolean {
    try {
      if (this.#isTorn) this.#parts.write(LINE_END);
      this.#isTorn = false;
      while (line.rest.length > 0) {
        line.rest = line.rest.subarray(this.#parts.write(line.rest));
        line.isBegun = true;
      }
      this.#isFailing = false;
      line.written();
    } catch (error) {
      if (isFull(error)) return false;
      this.#isFailing = true;
      this.#isTorn ||= line.isBegun;
      line.failed(error);
    }
    return true;
  }

  #tryLater(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#parts.after(READ_MEANWHILE, () => {
      this.#isFull = false;
      this.#writeWaiting();
    });
  }
}

/** Whether a pipe is full, and does not block. */
function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

/** Standard output. Node has made it not block, if it is a pipe or a socket, once `process.stdout` was looked at. */
export const standardLines = new LineOutput({
  write: (bytes) => writeSync(STDOUT, bytes),
  after: thisMachine.after,
  block: (milliseconds) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds),
  room: ROOM,
});
