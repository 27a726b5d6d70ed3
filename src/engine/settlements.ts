import { type FamilyStore, StoreUnavailableError } from "../store/port.ts";
import type { Clock, Instant } from "../token/clock.ts";

/** How many updates may wait to be settled: more than a node has under way when its store goes. */
const MAX_PENDING = 10_000;

/** For how long an update whose answer was lost may still reach the store, in milliseconds. */
const MAY_STILL_ARRIVE = 30_000;

interface Pending {
  readonly families: FamilyStore;
  readonly family: string;
  readonly mark: string;
  readonly lostAt: Instant;
}

/**
 * The refreshes whose answer was lost. Their callers hold the refresh token before, and the row may have moved on: once
 * the store answers again, a row that bears this node's own mark counts as rotated now, so that the caller's retry is
 * within the grace however long the store was away.
 */
export class Settlements {
  readonly #clock: Clock;
  readonly #pending = new Set<Pending>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Remembers an update that may have happened. Beyond a bound the oldest is forgotten. */
  owe(families: FamilyStore, family: string, mark: string): void {
    const [oldest] = this.#pending;
    if (oldest !== undefined && this.#pending.size >= MAX_PENDING) this.#pending.delete(oldest);
    this.#pending.add({ families, family, mark, lostAt: this.#clock.now() });
  }

  /** Settles what is owed to one family, before it is judged. Throws StoreUnavailableError. */
  async settleFamily(family: string): Promise<void> {
    for (const pending of this.#pending) {
      if (pending.family === family) await this.#settle(pending);
    }
  }

  /** Settles all that is owed; stops at the first sign that the store is still away. Call it every now and then. */
  async settleAll(): Promise<void> {
    try {
      for (const pending of this.#pending) await this.#settle(pending);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }

  async #settle(pending: Pending): Promise<void> {
    const now = this.#clock.now();
    const settled = await pending.families.settle(pending.family, pending.mark, now);
    // An update that has not happened may yet, until it is too old to.
    if (settled || now > pending.lostAt + MAY_STILL_ARRIVE) this.#pending.delete(pending);
  }
}
