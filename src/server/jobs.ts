import { ClockOffError, type Instant } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { type Store, StoreUnavailableError } from "../store/port.ts";

/** How often uncertain refreshes are reconciled, in milliseconds: much less than any grace. */
export const RECONCILE_EVERY = 500;

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
  /** Deletes expired rows. */
  sweep: "sweep",
  /** Reads a tenant's keys, and creates those that the schedule requires. */
  pollKeys: "poll keys",
  /** Checks whether the node can serve. */
  checkHealth: "check health",
} as const;

/** Something that a node does regularly in the background. */
export interface Job {
  readonly name: string;
  /** How often, in milliseconds. */
  readonly every: number;
  /** Long work must end early once the signal aborts, as a stopping node waits for it. */
  run(signal?: AbortSignal): Promise<void>;
}

/** Runs jobs by timers. */
export class Jobs {
  readonly #logger: Logger;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Runs a job at its interval, or up to a fifth more often, so that nodes that start together do not all use the store
   * at the same time. A run never begins before the last one has ended. Failures are logged, and the next run tries
   * again.
   */
  start(job: Job): void {
    const timer = setTimeout(
      async () => {
        this.#timers.delete(timer);
        const run = this.#run(job);
        this.#underWay.add(run);
        await run;
        this.#underWay.delete(run);
        if (!this.#stop.signal.aborted) this.start(job);
      },
      job.every * (0.8 + 0.2 * Math.random()),
    );
    timer.unref();
    this.#timers.add(timer);
  }

  /** Starts no more runs, and resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#underWay);
  }

  async #run({ name, run }: Job): Promise<void> {
    try {
      await run(this.#stop.signal);
    } catch (err) {
      // The store has already logged what is wrong with the clock.
      if (err instanceof ClockOffError) return;
      if (err instanceof StoreUnavailableError)
        this.#logger.warn({ job: name, err }, "a background job was postponed: the store is unavailable");
      else this.#logger.error({ job: name, err }, "a background job failed");
    }
  }
}

/**
 * Deletes all expired rows, in batches, between which requests have their turn. Once `signal` aborts, the rest waits
 * for the next run. `told`: a clock whose readings are recorded durably before they are used. Otherwise a clock that
 * jumps ahead and back could delete revocations before the tokens that they revoke expire, and leave no trace of it.
 */
export async function sweep(
  store: Store,
  told: { now(): Instant | Promise<Instant> },
  signal?: AbortSignal,
): Promise<void> {
  while (!signal?.aborted) {
    if ((await store.sweep(await told.now(), SWEEP_BATCH)) < SWEEP_BATCH) return;
    await new Promise(setImmediate);
  }
}
