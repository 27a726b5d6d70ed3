import { type Clock, ClockOffError } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { type Store, StoreUnavailableError } from "../store/port.ts";

/** How often uncertain refreshes are reconciled and expired rows are deleted, in milliseconds. */
export const RECONCILE_EVERY = 500;
export const SWEEP_EVERY = 30_000;

/** How many rows one sweep deletes: few enough that no request waits for it. */
const SWEEP_BATCH = 500;

/** What a node does every now and then to keep itself tidy while it serves. */
export class Jobs {
  readonly #logger: Logger;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Does something every so many milliseconds, or a little sooner, so that nodes which were started together do not ask
   * the store together. Never begins before the last time has ended. What fails is logged and tried again. Work that
   * takes long ends early once its signal aborts: someone waits for it to stop.
   */
  every(milliseconds: number, job: string, work: (signal: AbortSignal) => Promise<void>): void {
    const timer = setTimeout(
      async () => {
        this.#timers.delete(timer);
        const run = this.#run(job, work);
        this.#underWay.add(run);
        await run;
        this.#underWay.delete(run);
        if (!this.#stop.signal.aborted) this.every(milliseconds, job, work);
      },
      milliseconds * (0.8 + 0.2 * Math.random()),
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

  async #run(job: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(this.#stop.signal);
    } catch (err) {
      // The store has said what is wrong with the clock, once.
      if (err instanceof ClockOffError) return;
      if (err instanceof StoreUnavailableError)
        this.#logger.warn({ job, err }, "a background job was put off: the store is away");
      else this.#logger.error({ job, err }, "a background job failed");
    }
  }
}

/**
 * Deletes all rows whose time is over, in batches between which requests have their turn. Once `signal` aborts, what is
 * left waits for the next run.
 */
export async function sweep(store: Store, clock: Clock, signal?: AbortSignal): Promise<void> {
  while (!signal?.aborted) {
    if ((await store.sweep(clock.now(), SWEEP_BATCH)) < SWEEP_BATCH) return;
    await new Promise(setImmediate);
  }
}
