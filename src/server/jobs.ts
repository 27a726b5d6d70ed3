import { ClockOffError, type Instant } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { type Store, StoreUnavailableError } from "../store/port.ts";

/** How often uncertain refreshes are reconciled, in milliseconds: well within any grace. */
export const RECONCILE_EVERY = 500;

/** How often expired rows are deleted, in milliseconds. */
export const SWEEP_EVERY = 30_000;

/** How many rows one sweep deletes: few enough that no request waits for it. */
const SWEEP_BATCH = 500;

/** The names of a node's jobs. */
export const JOBS = {
  /** Reconciles the refreshes whose answer was lost. */
  reconcile: "reconcile refreshes",
  /** Logs how many secrets were refused. */
  report: "report refusals",
  /** Deletes what is over. */
  sweep: "sweep",
  /** Reads a tenant's keys, and makes those that the schedule asks for. */
  pollKeys: "poll keys",
  /** Finds out whether the node can serve. */
  checkHealth: "check health",
} as const;

/** Something that a node does every now and then to keep itself tidy while it serves. */
export interface Job {
  readonly name: string;
  /** How often, in milliseconds. */
  readonly every: number;
  /** Work that takes long ends early once the signal aborts: someone waits for it to stop. */
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
   * Runs a job as often as it says, or a little more often, so that nodes which were started together do not ask the store
   * together. Never begins before the last run has ended. What fails is logged and tried again.
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

  /** Begins nothing more, and resolves once what is under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#underWay);
  }

  async #run({ name, run }: Job): Promise<void> {
    try {
      await run(this.#stop.signal);
    } catch (err) {
      // The store has said what is wrong with the clock, once.
      if (err instanceof ClockOffError) return;
      if (err instanceof StoreUnavailableError)
        this.#logger.warn({ job: name, err }, "a background job was put off: the store is away");
      else this.#logger.error({ job: name, err }, "a background job failed");
    }
  }
}

/**
 * Deletes all rows whose time is over, in batches between which requests have their turn. Once `signal` aborts, what is
 * left waits for the next run. `told`: tells moments of which it is durable that they were told. Without that, a clock that
 * jumps ahead and back could have revocations deleted that tokens outlive, and leave no trace.
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
