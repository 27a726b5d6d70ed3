import type { Clock, Instant, Machine } from "../base/clock.ts";
import { type FamilyStore, StoreUnavailableError } from "../store/port.ts";

/** How many families may wait for reconciliation: more than a node has under way when its store goes down. */
const MAX_PENDING = 10_000;

/** How long an update whose answer was lost may still reach the store, in milliseconds. */
const MAY_STILL_ARRIVE = 30_000;

/** How long a reconciled update is remembered, in milliseconds: its caller's retry may meet an outage again. */
const MAY_BE_RETRIED = 60_000;

/** An update that may or may not have happened. */
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
  /** The monotonic reading when it was recorded. */
  readonly recordedAt: number;
  /** The monotonic reading when it was reconciled; undefined while it is uncertain. */
  reconciledAt: number | undefined;
}

/**
 * Refreshes whose outcome is unknown because the store's answer was lost. Their callers still hold the previous refresh
 * token, while the row may have moved on. Once the store answers again, a row that bears an attempt of this node counts
 * as rotated now, so that the caller's retry is within the grace however long the outage was. A retry that fails is
 * reconciled like the first attempt.
 *
 * Ages are measured by elapsed time: a clock that is set ahead must not make a node forget one.
 */
export class UncertainRefreshes {
  readonly #clock: Clock;
  readonly #machine: Pick<Machine, "elapsed">;
  /** What is remembered, by family. A map keeps its order: the first one is the oldest. */
  readonly #pending = new Map<string, readonly Pending[]>();

  constructor(clock: Clock, machine: Pick<Machine, "elapsed">) {
    this.#clock = clock;
    this.#machine = machine;
  }

  /** Remembers an update that may have happened. Beyond a bound, the oldest family is forgotten. */
  record(families: FamilyStore, lost: Lost): void {
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size >= MAX_PENDING) this.#pending.delete(oldest);
    const pending = { ...lost, families, recordedAt: this.#machine.elapsed(), reconciledAt: undefined };
    this.#pending.set(lost.family, [...this.#of(lost.family), pending]);
  }

  /** Forgets what is uncertain for refresh tokens up to this generation: a caller with one of them has been answered. */
  forget(family: string, generation: number): void {
    this.#keep(family, (pending) => pending.generation > generation);
  }

  /** Makes a reconciled family uncertain again: its caller tried again, and could not be answered either. */
  reopen(family: string): void {
    for (const pending of this.#of(family)) pending.reconciledAt = undefined;
  }

  /** Whether an attempt is uncertain: its row must be reconciled before it is judged. */
  isUncertain(family: string, attemptId: string): boolean {
    return this.#of(family).some((pending) => pending.attemptId === attemptId && pending.reconciledAt === undefined);
  }

  /** Reconciles one family. Throws StoreUnavailableError. */
  async reconcileFamily(family: string): Promise<void> {
    for (const pending of this.#of(family)) await this.#reconcile(pending);
  }

  /** Reconciles every family, and stops at the first sign that the store is still down. Call it from time to time. */
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
      // Kept, not forgotten: the retry may fail too, and reopen it.
      pending.reconciledAt = this.#machine.elapsed();
    } else if (elapsed > recordedAt + MAY_STILL_ARRIVE) {
      // An update that has not arrived may still do so, until it is too old.
      this.#keep(family, (other) => other !== pending);
    }
  }

  #keep(family: string, isOwed: (pending: Pending) => boolean): void {
    const uncertain = this.#of(family).filter(isOwed);
    if (uncertain.length > 0) this.#pending.set(family, uncertain);
    else this.#pending.delete(family);
  }
}
