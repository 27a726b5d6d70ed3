import type { Clock, Instant } from "../base/clock.ts";
import { KeyUnavailableError } from "./port.ts";
import { SealError } from "./seal.ts";
import { readSnapshot, type Snapshot, type SnapshotDependencies } from "./snapshot.ts";

/** A token with an unknown key may cause a read, but none sooner than this after the last, in milliseconds. */
const FLOOR = 250;

/**
 * How many requests may wait for such a read. One more has it begin at once: a flood waits no longer than that, and costs
 * the store a read for so many requests, each of which costs it more by itself.
 */
const MAX_WAITING = 256;

/** A read that waits for its turn. */
interface NextRead {
  waiting: number;
  /** Has it begin at once. */
  readonly begin: () => void;
  readonly snapshot: Promise<Snapshot>;
}

/** Keeps a tenant's keys as the store has them. Never reads twice at a time. */
export class KeyReader {
  readonly #dependencies: SnapshotDependencies;
  readonly #clock: Clock;
  #snapshot: Snapshot | undefined;
  #reading: Promise<Snapshot> | undefined;
  /** A read that waits for its turn: whoever asks now is served by it. */
  #next: NextRead | undefined;
  #startedAt: Instant = 0;

  constructor(dependencies: SnapshotDependencies, clock: Clock) {
    this.#dependencies = dependencies;
    this.#clock = clock;
  }

  /** The last read. Throws {@link KeyUnavailableError} if there was none. */
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

  /** The same, but not too soon after the last, unless many wait for it: what a caller's token can cause. */
  async readInTurn(): Promise<Snapshot> {
    const next = this.#next ?? this.#plan();
    this.#next = next;
    next.waiting += 1;
    if (next.waiting > MAX_WAITING) next.begin();
    try {
      return await next.snapshot;
    } catch (error) {
      // A new key that this node cannot open yet is none of the caller's doing.
      throw error instanceof SealError ? new KeyUnavailableError("A key does not open.", { cause: error }) : error;
    }
  }

  #plan(): NextRead {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { waiting: 0, begin: resolve, snapshot: this.#afterFloorOr(promise) };
  }

  async #afterFloorOr(crowded: Promise<void>): Promise<Snapshot> {
    try {
      await Promise.race([this.#clock.past(this.#startedAt + FLOOR - 1), crowded]);
    } finally {
      this.#next = undefined;
    }
    return this.read();
  }

  async #start(): Promise<Snapshot> {
    this.#startedAt = this.#clock.now();
    this.#reading = readSnapshot(this.#dependencies, this.#startedAt, this.#snapshot);
    try {
      this.#snapshot = await this.#reading;
      return this.#snapshot;
    } finally {
      this.#reading = undefined;
    }
  }
}
