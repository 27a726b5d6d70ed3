import { ClockOffError, type Instant, type Machine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { type Store, StoreUnavailableError } from "../store/port.ts";

/** How often uncertain refreshes are reconciled, in milliseconds: much less than any grace. */
export const RECONCILE_EVERY = 500;

/** How often nodes tell each other what they count for limits, in milliseconds. */
export const SHARE_COUNTS_EVERY = 1_000;

/** How often expired rows are deleted, in milliseconds. */
export const SWEEP_EVERY = 30_000;

/** The most rows that one batch deletes: few enough that no request has to wait long. */
const SWEEP_BATCH = 500;

/** The names of a node's jobs. */
export const JOBS = {
  /** Reconciles the refreshes whose answer was lost. */
  reconcile: "reconcile refreshes",
  /** Logs how many secrets were refused. */
  report: "report refusals",
  /** Tells other nodes what was counted for limits. */
  shareCounts: "share counts",
  /** Deletes expired rows. */
  sweep: "sweep",
  /** Finishes the end of tenants that were deleted. */
  endTenants: "end tenants",
  /** Reads the keys of tenants that are open, and creates those that the schedule requires. */
  pollKeys: "poll keys",
  /** Closes tenants that nobody uses, and creates the keys of closed ones that the schedule requires. */
  tendIdle: "tend idle tenants",
  /** Reads what operators have registered. */
  pollRegistry: "poll registry",
  /** Checks whether the node can serve. */
  checkHealth: "check health",
  /** Finds out whether files of the configuration have changed. */
  watchFiles: "watch files",
} as const;

/** Something that a node does regularly in the background. */
export interface Job {
  readonly name: string;
  /** How often, in milliseconds. */
  readonly every: number;
  /** Long work must end early once the signal aborts, as a stopping node waits for it. */
  run(signal?: AbortSignal): Promise<void>;
}

/** What running jobs needs. */
interface JobsDependencies {
  readonly machine: Pick<Machine, "after">;
  /** Returns a number from 0 up to, but not including, 1. */
  readonly fraction: () => number;
  readonly logger: Logger;
  /** Whether another process does a job now, in place of this one; by default none does. */
  readonly isElsewhere?: ((job: Job) => boolean) | undefined;
}

/** Runs jobs by timers. */
export class Jobs {
  readonly #dependencies: JobsDependencies;
  /** What cancels the next run of each job. */
  readonly #waiting = new Map<Job, () => void>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(dependencies: JobsDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Runs a job at its interval, or up to a fifth more often, so that nodes that start together do not all use the store
   * at the same time. A run never begins before the last one has ended. Failures are logged, and the next run tries
   * again.
   */
  start(job: Job): void {
    const { machine, fraction } = this.#dependencies;
    const cancel = machine.after(job.every * (0.8 + 0.2 * fraction()), () => {
      this.#waiting.delete(job);
      const run = this.#runAndStartAgain(job).finally(() => this.#underWay.delete(run));
      this.#underWay.add(run);
    });
    this.#waiting.set(job, cancel);
  }

  /** Starts no more runs, and resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const cancel of this.#waiting.values()) cancel();
    await Promise.all(this.#underWay);
  }

  async #runAndStartAgain(job: Job): Promise<void> {
    try {
      if (!this.#dependencies.isElsewhere?.(job)) await job.run(this.#stop.signal);
    } catch (error) {
      this.#logFailure(job, error);
    }
    if (!this.#stop.signal.aborted) this.start(job);
  }

  #logFailure({ name }: Job, err: unknown): void {
    // The store has already logged what is wrong with the clock.
    if (err instanceof ClockOffError) return;
    const { logger } = this.#dependencies;
    if (err instanceof StoreUnavailableError)
      logger.warn({ job: name, err }, "a background job was postponed: the store is unavailable");
    else logger.error({ job: name, err }, "a background job failed");
  }
}

/** What sweeping needs. */
interface SweepDependencies {
  readonly store: Pick<Store, "sweep">;
  /**
   * A clock whose readings are recorded durably before they are used. Otherwise a clock that jumps ahead and back could
   * delete revocations before the tokens that they revoke expire, and leave no trace of it.
   */
  readonly clock: { now(): Instant | Promise<Instant> };
  readonly machine: Pick<Machine, "sleep">;
}

/**
 * Deletes all expired rows, in batches, between which requests have their turn. Once `signal` aborts, the rest waits
 * for the next run.
 */
export async function sweep({ store, clock, machine }: SweepDependencies, signal?: AbortSignal): Promise<void> {
  while (!signal?.aborted) {
    if ((await store.sweep(await clock.now(), SWEEP_BATCH)) < SWEEP_BATCH) return;
    await machine.sleep(0);
  }
}
