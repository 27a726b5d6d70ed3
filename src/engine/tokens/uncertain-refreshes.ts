import type { Clock, Instant, Machine } from "../../base/clock.ts";
import { type FamilyStore, StoreUnavailableError } from "../../store/port.ts";

/** How many families may wait to be settled: more than a node has under way when its store goes. */
const MAX_PENDING = 10_000;

/** For how long an update whose answer was lost may still reach the store, in milliseconds. */
const MAY_STILL_ARRIVE = 30_000;

/** For how long a settled update is remembered, in milliseconds: its caller's retry may meet a store that is away. */
const MAY_BE_RETRIED = 60_000;

/** An update that may have happened: what it would have set. */
interface Lost {
  readonly family: string;
  /** The generation of the refresh token that was presented. */
  readonly generation: number;
  readonly mark: string;
  readonly at: Instant;
  readonly purgeAt: Instant;
}

interface Pending extends Lost {
  readonly families: FamilyStore;
  /** What had elapsed when it was owed. */
  readonly owedAt: number;
  /** What had elapsed when it was settled; undefined while it is owed. */
  settledAt: number | undefined;
}

/**
 * The refreshes whose answer was lost. Their callers hold the refresh token before, and the row may have moved on: once
 * the store answers again, a row that bears this node's own mark counts as rotated now, so that the caller's retry is
 * within the grace however long the store was away. A retry that fails is settled like the first attempt.
 *
 * How long one is remembered goes by what has elapsed: a clock that is set ahead must not have a node forget what it owes.
 */
export class Settlements {
  readonly #clock: Clock;
  readonly #machine: Pick<Machine, "elapsed">;
  /** What is owed, by family. */
  readonly #pending = new Map<string, readonly Pending[]>();

  constructor(clock: Clock, machine: Pick<Machine, "elapsed">) {
    this.#clock = clock;
    this.#machine = machine;
  }

  /** Remembers an update that may have happened. Beyond a bound the oldest family is forgotten. */
  owe(families: FamilyStore, lost: Lost): void {
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size >= MAX_PENDING) this.#pending.delete(oldest);
    const pending = { ...lost, families, owedAt: this.#machine.elapsed(), settledAt: undefined };
    this.#pending.set(lost.family, [...this.#of(lost.family), pending]);
  }

  /** Forgets what is owed for refresh tokens up to this generation: a caller with it was told what comes next. */
  forget(family: string, generation: number): void {
    this.#keep(family, (pending) => pending.generation > generation);
  }

  /** Owes again what was settled for one family: its caller tried again, and could not be told either. */
  reopen(family: string): void {
    for (const pending of this.#of(family)) pending.settledAt = undefined;
  }

  /** Whether an attempt is owed: its row counts as rotated only once it is settled. */
  owes(family: string, mark: string): boolean {
    return this.#of(family).some((pending) => pending.mark === mark && pending.settledAt === undefined);
  }

  /** Settles what is owed to one family. Throws StoreUnavailableError. */
  async settleFamily(family: string): Promise<void> {
    for (const pending of this.#of(family)) await this.#settle(pending);
  }

  /** Settles all that is owed; stops at the first sign that the store is still away. Call it every now and then. */
  async settleAll(): Promise<void> {
    try {
      for (const family of [...this.#pending.keys()]) await this.settleFamily(family);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }

  #of(family: string): readonly Pending[] {
    return this.#pending.get(family) ?? [];
  }

  async #settle(pending: Pending): Promise<void> {
    const { families, family, mark, at, purgeAt, owedAt } = pending;
    const now = this.#clock.now();
    const elapsed = this.#machine.elapsed();
    if (pending.settledAt !== undefined) {
      if (elapsed > pending.settledAt + MAY_BE_RETRIED) this.#keep(family, (other) => other !== pending);
    } else if (await families.settle(family, mark, now, purgeAt + now - at)) {
      pending.settledAt = this.#machine.elapsed();
    } else if (elapsed > owedAt + MAY_STILL_ARRIVE) {
      // An update that has not happened may yet, until it is too old to.
      this.#keep(family, (other) => other !== pending);
    }
  }

  #keep(family: string, isOwed: (pending: Pending) => boolean): void {
    const owed = this.#of(family).filter(isOwed);
    if (owed.length > 0) this.#pending.set(family, owed);
    else this.#pending.delete(family);
  }
}
