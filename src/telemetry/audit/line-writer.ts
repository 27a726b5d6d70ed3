import type { Logger } from "../../base/logger.ts";
import { UnavailableError } from "../../base/unavailable.ts";
import type { Destination, OpenDestination } from "./destination.ts";

/** The most lines that wait while others are written. */
const MAX_WAITING = 10_000;

/** What a {@link LineWriter} needs. */
interface LineWriterParts {
  readonly open: OpenDestination;
  /** Whether a line counts as written only once it survives a crash of the machine. */
  readonly sync: boolean;
  /** The line that precedes all others, and those after a failure. `lost`: how many before it could not be written. */
  readonly firstLine: (lost: number) => string;
  readonly logger: Logger;
}

/** The audit cannot be written. */
export class AuditUnavailableError extends UnavailableError {
  override readonly name = "AuditUnavailableError";
  override readonly description = "The request could not be recorded. Try again.";
  /** The writer logs once what is wrong. */
  override readonly isLogged = true;
}

/** Lines that are written together. */
interface Batch {
  readonly lines: string[];
  readonly written: PromiseWithResolvers<void>;
}

/** An open destination. */
interface Current {
  readonly destination: Destination;
  /** Whether nothing has been written to it since it was opened. */
  isFresh: boolean;
}

/**
 * Appends lines to a destination. Lines that come while others are written are written together, so many concurrent
 * requests cost one write. A line that cannot be written is lost: whoever waits for it is told, and once lines can be
 * written again, the first one says how many were lost.
 */
export class LineWriter {
  readonly #parts: LineWriterParts;
  #current: Current | undefined;
  #next: Batch | undefined;
  #reopening: PromiseWithResolvers<void> | undefined;
  #running: Promise<void> | undefined;
  /** Since lines could be written last. */
  #lost = 0;
  #lostInAll = 0;
  #isFailing = false;

  private constructor(parts: LineWriterParts, destination: Destination) {
    this.#parts = parts;
    this.#current = { destination, isFresh: true };
  }

  /**
   * Opens the destination, and throws as that does. Does not wait for its first line: that this cannot be written is a
   * failure like a later one.
   */
  static async open(parts: LineWriterParts): Promise<LineWriter> {
    const writer = new LineWriter(parts, await parts.open());
    void writer.write();
    return writer;
  }

  /** How many lines were lost since the start. */
  get lostInAll(): number {
    return this.#lostInAll;
  }

  /** Whether the latest attempt to write succeeded. */
  get isWritable(): boolean {
    return this.#current?.isFresh === false && this.#lost === 0;
  }

  /**
   * Resolves once the line, and all before it, are written. Without a line: once one could be. Throws
   * AuditUnavailableError.
   */
  write(line?: string): Promise<void> {
    const written = this.#enqueue(line);
    // Nobody has to wait for it.
    written.catch(() => undefined);
    return written;
  }

  /** Opens the destination anew, after the lines that wait. If that fails, logs it, and goes on with the old one. */
  reopen(): Promise<void> {
    this.#reopening ??= Promise.withResolvers();
    const { promise } = this.#reopening;
    this.#run();
    return promise;
  }

  /** Writes what waits, and closes the destination. */
  async close(): Promise<void> {
    await this.#running;
    await this.#current?.destination.close();
    this.#current = undefined;
  }

  #enqueue(line: string | undefined): Promise<void> {
    if (this.#next !== undefined && this.#next.lines.length >= MAX_WAITING) {
      this.#lose(1);
      return Promise.reject(new AuditUnavailableError("Too many lines wait to be written."));
    }
    this.#next ??= { lines: [], written: Promise.withResolvers() };
    if (line !== undefined) this.#next.lines.push(line);
    const { promise } = this.#next.written;
    this.#run();
    return promise;
  }

  #run(): void {
    this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // The lines of one moment are written together.
    await undefined;
    while (this.#next !== undefined || this.#reopening !== undefined) {
      const [batch, reopening] = [this.#next, this.#reopening];
      [this.#next, this.#reopening] = [undefined, undefined];
      if (batch !== undefined) await this.#writeBatch(batch);
      if (reopening !== undefined) await this.#replace();
      reopening?.resolve();
    }
    this.#running = undefined;
  }

  async #writeBatch({ lines, written }: Batch): Promise<void> {
    try {
      await this.#leaveIfGone();
      this.#current ??= { destination: await this.#parts.open(), isFresh: true };
      await this.#append(this.#current, lines);
      written.resolve();
    } catch (error) {
      // Opened anew, it tells whether it ends within a line.
      abandon(this.#current);
      this.#current = undefined;
      this.#lose(lines.length);
      if (!this.#isFailing) this.#parts.logger.error({ err: error }, "the audit cannot be written");
      this.#isFailing = true;
      written.reject(new AuditUnavailableError("The audit cannot be written.", { cause: error }));
    }
  }

  #lose(lines: number): void {
    this.#lost += lines;
    this.#lostInAll += lines;
  }

  async #leaveIfGone(): Promise<void> {
    const old = this.#current;
    if (!(await old?.destination.isGone?.())) return;
    this.#parts.logger.warn({}, "the audit's file was deleted, and what was in it with it: a new one is begun");
    this.#current = undefined;
    abandon(old);
  }

  async #replace(): Promise<void> {
    const old = this.#current;
    let current: Current | undefined;
    try {
      current = { destination: await this.#parts.open(), isFresh: true };
      await this.#append(current, []);
      this.#current = current;
      abandon(old);
    } catch (error) {
      abandon(current);
      this.#parts.logger.error({ err: error }, "the audit cannot be reopened");
    }
  }

  async #append(current: Current, lines: readonly string[]): Promise<void> {
    const { destination, isFresh } = current;
    const lost = this.#lost;
    const first = isFresh || lost > 0 ? this.#parts.firstLine(lost) : "";
    const bytes = Buffer.from(`${isFresh && destination.isTorn ? "\n" : ""}${first}${lines.join("")}`);
    for (let at = 0; at < bytes.length; ) at += await destination.write(bytes.subarray(at));
    if (this.#parts.sync && bytes.length > 0) await destination.sync();
    current.isFresh = false;
    this.#lost -= lost;
    if (this.#isFailing || lost > 0) this.#parts.logger.warn({ lost }, "the audit can be written again");
    this.#isFailing = false;
  }
}

/** Closes what is not needed any more: whether that succeeds changes nothing. */
function abandon(current: Current | undefined): void {
  current?.destination.close().catch(() => undefined);
}
