import type { Clock, Instant, Machine } from "../../base/clock.ts";
import { type FamilyStore, StoreUnavailableError } from "../../store/port.ts";

/** How many families may wait to be reconciled: more than a node has under way when its store goes. */
const MAX_PENDING = 10_000;

/** For how long an update whose answer was lost may still reach the store, in milliseconds. */
const MAY_STILL_ARRIVE = 30_000;

/** For how long a reconciled update is remembered, in milliseconds: its caller's retry may meet a store that is away. */
const MAY_BE_RETRIED = 60_000;

/** An update that may have happened: what it would have set. */
interface Lost {
  readonly family: string;
  /** The generation of the refresh token that was presented. */
  readonly generation: number;
  readonly attemptId: string;
  readonly at: Instant;
  readonly purgeAt: Instant;
}

interface Pending extends Lost {
  readonly families: FamilyStore;
  /** What had elapsed when it was recorded. */
  readonly recordedAt: number;
  /** What had elapsed when it was reconciled; undefined while it is uncertain. */
  reconciledAt: number | undefined;
}

/**
 * The refreshes whose answer was lost. Their callers hold the refresh token before, and the row may have moved on: once
 * the store answers again, a row that names an attempt of this node counts as rotated now, so that the caller's retry is
 * within the grace however long the store was away. A retry that fails is reconciled like the first attempt.
 *
 * How long one is remembered goes by what has elapsed: a clock that is set ahead must not have a node forget one.
 */
export class UncertainRefreshes {
  readonly #clock: Clock;
  readonly #machine: Pick<Machine, "elapsed">;
  /** What is uncertain, by family. */
  readonly #pending = new Map<string, readonly Pending[]>();

  constructor(clock: Clock, machine: Pick<Machine, "elapsed">) {
    this.#clock = clock;
    this.#machine = machine;
  }

  /** Remembers an update that may have happened. Beyond a bound the oldest family is forgotten. */
  record(families: FamilyStore, lost: Lost): void {
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size >= MAX_PENDING) this.#pending.delete(oldest);
    const pending = { ...lost, families, recordedAt: this.#machine.elapsed(), reconciledAt: undefined };
    this.#pending.set(lost.family, [...this.#of(lost.family), pending]);
  }

  /** Forgets what is uncertain for refresh tokens up to this generation: a caller with it was told what comes next. */
  forget(family: string, generation: number): void {
    this.#keep(family, (pending) => pending.generation > generation);
  }

  /** Makes uncertain again what was reconciled for one family: its caller tried again, and could not be told either. */
  reopen(family: string): void {
    for (const pending of this.#of(family)) pending.reconciledAt = undefined;
  }

  /** Whether an attempt is uncertain: its row counts as rotated only once it is reconciled. */
  isUncertain(family: string, attemptId: string): boolean {
    return this.#of(family).some((pending) => pending.attemptId === attemptId && pending.reconciledAt === undefined);
  }

  /** Reconciles what is uncertain of one family. Throws StoreUnavailableError. */
  async reconcileFamily(family: string): Promise<void> {
    for (const pending of this.#of(family)) await this.#reconcile(pending);
  }

  /** Reconciles all that is uncertain; stops at the first sign that the store is still away. Call it every now and then. */
  async reconcileAll(): Promise<void> {
    try {
      for (const family of [...this.#pending.keys()]) await this.reconcileFamily(family);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }

  #of(family: string): readonly Pending[] {
    return this.#pending.get(family) ?? [];
  }

  async #reconcile(pending: Pending): Promise<void> {
    const { families, family, attemptId, at, purgeAt, recordedAt } = pending;
    const now = this.#clock.now();
    const elapsed = this.#machine.elapsed();
    if (pending.reconciledAt !== undefined) {
      if (elapsed > pending.reconciledAt + MAY_BE_RETRIED) this.#keep(family, (other) => other !== pending);
    } else if (await families.reconcile(family, attemptId, now, purgeAt + now - at)) {
      pending.reconciledAt = this.#machine.elapsed();
    } else if (elapsed > recordedAt + MAY_STILL_ARRIVE) {
      // An update that has not happened may yet, until it is too old to.
      this.#keep(family, (other) => other !== pending);
    }
  }

  #keep(family: string, isOwed: (pending: Pending) => boolean): void {
    const uncertain = this.#of(family).filter(isOwed);
    if (uncertain.length > 0) this.#pending.set(family, uncertain);
    else this.#pending.delete(family);
  }
}
