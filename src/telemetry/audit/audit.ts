import type { Instant } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Ending, Event, Listener, Recorder } from "../events.ts";
import type { OpenDestination } from "./destination.ts";
import type { WriteIdentifier } from "./identifiers.ts";
import { LineWriter } from "./line-writer.ts";
import { auditLine, firstLine, isAudited } from "./record.ts";

/** What an {@link Audit} needs. */
interface AuditParts {
  readonly open: OpenDestination;
  /** Whether nothing is answered that is not written. */
  readonly required: boolean;
  /** Whether a line counts as written only once it survives a crash of the machine. */
  readonly sync: boolean;
  readonly identifier: WriteIdentifier;
  /** The time of day. */
  readonly wall: () => Instant;
  readonly logger: Logger;
}

/** Writes a line for everything that is done or refused. */
export class Audit implements Recorder {
  readonly #parts: AuditParts;
  readonly #writer: LineWriter;

  private constructor(parts: AuditParts, writer: LineWriter) {
    this.#parts = parts;
    this.#writer = writer;
  }

  /** Opens the destination. Throws as that does. */
  static async open(parts: AuditParts): Promise<Audit> {
    const { open, sync, wall, logger } = parts;
    return new Audit(
      parts,
      await LineWriter.open({ open, sync, firstLine: (lost) => firstLine(wall(), lost), logger }),
    );
  }

  /** How many lines were lost since the start. */
  get lostInAll(): number {
    return this.#writer.lostInAll;
  }

  /** Writes what is done besides requests. How requests end comes by {@link record}. */
  readonly listen: Listener = (event) => {
    if (isAudited(event, "notice")) void this.#write(event);
  };

  async ready(): Promise<void> {
    if (this.#parts.required && !this.#writer.isWritable) await this.#writer.write();
  }

  async record(ending: Ending): Promise<void> {
    if (!isAudited(ending, "ending")) return;
    const written = this.#write(ending);
    if (this.#parts.required) await written;
  }

  /** Resolves to what is wrong with the audit, or to undefined if it can be written. */
  async problem(): Promise<string | undefined> {
    try {
      await this.#writer.write();
      return undefined;
    } catch (error) {
      return `it cannot be written (${codeOf(error)})`;
    }
  }

  /** Opens the destination anew, as its file was renamed. If that fails, logs it, and goes on with the old one. */
  reopen(): Promise<void> {
    return this.#writer.reopen();
  }

  /** Writes what waits, and closes the destination. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  #write(event: Event): Promise<void> {
    return this.#writer.write(auditLine(event, this.#parts.wall(), this.#parts.identifier));
  }
}

/** The system's code of what made the audit unavailable. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
}
