import { type Metrics, scrapeOfAll } from "../../telemetry/metrics/index.ts";
import { countedBy, countsOf, type Snapshot } from "../../telemetry/metrics/workers.ts";
import type { Supervisor } from "./supervisor.ts";
import type { WorkerSlot } from "./worker-slot.ts";

/** How long a worker may take to answer, in milliseconds. */
const ANSWER_LIMIT = 2_000;

/**
 * The metrics of the primary and all workers as one. What a worker has counted stays counted once it has ended, as far as
 * it has told, and while it does not answer: a counter that falls would look like one that begins anew, and add all that
 * the others have counted to every rate.
 */
export class WorkersMetrics {
  readonly #own: Pick<Metrics, "snapshot">;
  /** What each worker has told last. */
  readonly #latest = new Map<WorkerSlot, Snapshot>();
  #ended: readonly Snapshot[] = [];

  /** `own`: the metrics of the primary itself. */
  constructor(own: Pick<Metrics, "snapshot">) {
    this.#own = own;
  }

  /** All metrics, in the format that an `Accept` prefers. */
  async scrape(workers: Supervisor["workers"], accept: string | undefined): ReturnType<Metrics["scrape"]> {
    const [own, ...answered] = await Promise.all([
      this.#own.snapshot(),
      ...workers.map(async (worker) => ((await this.#ask(worker)) ? worker : undefined)),
    ]);
    const snapshots = Array.from(this.#latest, ([worker, snapshot]) =>
      answered.includes(worker) ? snapshot : countsOf(snapshot),
    );
    const ended = this.#ended;
    const scraped = await scrapeOfAll([own, ...snapshots, ...ended], accept);
    if (ended.length > 1) await this.#join(ended);
    return scraped;
  }

  /** Keeps what a worker has counted whose process has ended. */
  readonly noteEnd = (worker: WorkerSlot): void => {
    const latest = this.#latest.get(worker);
    this.#latest.delete(worker);
    if (latest !== undefined) this.#ended = [...this.#ended, countsOf(latest)];
  };

  /** Whether a worker has answered. */
  async #ask(worker: WorkerSlot): Promise<boolean> {
    const answer = worker.isReady ? await worker.ask("metrics", undefined, ANSWER_LIMIT) : undefined;
    if (answer !== undefined) this.#latest.set(worker, answer);
    return answer !== undefined;
  }

  async #join(ended: readonly Snapshot[]): Promise<void> {
    const joined = await countedBy(ended);
    this.#ended = [joined, ...this.#ended.filter((snapshot) => !ended.includes(snapshot))];
  }
}
