import type { Clock, Instant } from "../base/clock.ts";
import { KeyUnavailableError } from "./port.ts";
import { SealError } from "./seal.ts";
import { readSnapshot, type Snapshot, type SnapshotDependencies } from "./snapshot.ts";

/** The least time between two reads that tokens with an unknown key cause, in milliseconds. */
const FLOOR = 250;

/**
 * How many requests may wait for such a read. One more starts it at once: even in a flood nobody waits longer, and the
 * store pays for one read per so many requests, each of which costs it more anyway.
 */
const MAX_WAITING = 256;

/** A read that waits for its turn. */
interface NextRead {
  waiting: number;
  /** Starts it at once. */
  readonly begin: () => void;
  readonly snapshot: Promise<Snapshot>;
}

/** Keeps a tenant's keys as of the last read of the store. Never runs two reads at a time. */
export class KeyReader {
  readonly #dependencies: SnapshotDependencies;
  readonly #clock: Clock;
  #snapshot: Snapshot | undefined;
  #reading: Promise<Snapshot> | undefined;
  /** The read that waits for its turn, which serves whoever asks now. */
  #next: NextRead | undefined;
  #startedAt: Instant = 0;

  constructor(dependencies: SnapshotDependencies, clock: Clock) {
    this.#dependencies = dependencies;
    this.#clock = clock;
  }

  /** The result of the last read. Throws {@link KeyUnavailableError} if there was none. */
  get snapshot(): Snapshot {
    if (this.#snapshot === undefined) throw new KeyUnavailableError("The keys have not been read yet.");
    return this.#snapshot;
  }

  /** Reads the keys. The read begins after this call, so it sees whatever was written before. */
  async read(): Promise<Snapshot> {
    await this.#reading?.catch(() => undefined);
    // Others who waited for the same read may already have started the next one.
    return this.#reading ?? this.#start();
  }

  /**
   * The same, but not too soon after the last read unless many wait for it: callers can cause these reads with the
   * tokens they send.
   */
  async readInTurn(): Promise<Snapshot> {
    const next = this.#next ?? this.#plan();
    this.#next = next;
    next.waiting += 1;
    if (next.waiting > MAX_WAITING) next.begin();
    try {
      return await next.snapshot;
    } catch (error) {
      // If a new key does not open on this node yet, that is not the caller's fault.
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
