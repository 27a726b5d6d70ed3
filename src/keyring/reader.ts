import type { Clock, Instant } from "../token/clock.ts";
import { KeyUnavailableError, TooManyWaitingError } from "./port.ts";
import { SealError } from "./seal.ts";
import { readSnapshot, type Snapshot, type SnapshotPorts } from "./snapshot.ts";

/** A token with an unknown key may cause a read, but none sooner than this after the last, in milliseconds. */
const FLOOR = 1000;

/** How many requests may wait for such a read. */
const MAX_WAITING = 256;

/** Keeps a tenant's keys as the store has them. Never reads twice at a time. */
export class KeyReader {
  readonly #ports: SnapshotPorts;
  readonly #clock: Clock;
  #snapshot: Snapshot | undefined;
  #reading: Promise<Snapshot> | undefined;
  /** A read that waits for its turn: whoever asks now is served by it. */
  #next: Promise<Snapshot> | undefined;
  #waiting = 0;
  #startedAt: Instant = 0;

  constructor(ports: SnapshotPorts, clock: Clock) {
    this.#ports = ports;
    this.#clock = clock;
  }

  /** The last read. Throws {@link KeyUnavailableError} where there was none. */
  get snapshot(): Snapshot {
    if (this.#snapshot === undefined) throw new KeyUnavailableError("The keys have not been read yet.");
    return this.#snapshot;
  }

  /** A read that begins after this call. */
  async read(): Promise<Snapshot> {
    await this.#reading?.catch(() => undefined);
    // Others that waited for the same read may have begun the next one already.
    return this.#reading ?? this.#start();
  }

  /**
   * The same, but not too soon after the last: what a caller's token can cause. Throws {@link KeyUnavailableError}
   * where too many wait already.
   */
  async readInTurn(): Promise<Snapshot> {
    if (this.#waiting >= MAX_WAITING) throw new TooManyWaitingError("Too many tokens with unknown keys wait.");
    this.#waiting += 1;
    try {
      this.#next ??= this.#afterFloor();
      return await this.#next;
    } catch (error) {
      // A new key that this node cannot open yet is none of the caller's doing.
      throw error instanceof SealError ? new KeyUnavailableError("A key does not open.", { cause: error }) : error;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #afterFloor(): Promise<Snapshot> {
    try {
      await this.#clock.past(this.#startedAt + FLOOR - 1);
    } finally {
      this.#next = undefined;
    }
    return this.read();
  }

  async #start(): Promise<Snapshot> {
    this.#startedAt = this.#clock.now();
    this.#reading = readSnapshot(this.#ports, this.#startedAt, this.#snapshot);
    try {
      this.#snapshot = await this.#reading;
      return this.#snapshot;
    } finally {
      this.#reading = undefined;
    }
  }
}
