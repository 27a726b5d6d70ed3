import type { HealthReport } from "../../http/health.ts";
import { type CheckResult, type HealthCheck, STARTING, STOPPING } from "../health.ts";
import type { Supervisor } from "./supervisor.ts";
import type { WorkerSlot } from "./worker-slot.ts";

/** How long a worker may take to answer, in milliseconds: it ends a check of its own earlier than that. */
const ANSWER_LIMIT = 2_500;

const RESTARTING = "it has ended, and is being started again";

/**
 * Whether workers can serve: all that run pass all their checks. One that is being started again gets no requests, so the
 * others are enough.
 */
export class WorkersHealth implements HealthReport {
  readonly #supervisor: Pick<Supervisor, "workers" | "hasStarted">;
  /** Checks of the primary, which has none until it has started. */
  #own: readonly HealthCheck[] = [];
  #isStopping = false;

  constructor(supervisor: Pick<Supervisor, "workers" | "hasStarted">) {
    this.#supervisor = supervisor;
  }

  /** The results of every worker's checks. */
  async results(): Promise<readonly CheckResult[]> {
    const { workers, hasStarted } = this.#supervisor;
    if (this.#isStopping) return [STOPPING];
    if (!hasStarted) return [STARTING];
    const found = await Promise.all(workers.map((worker) => this.#resultsOf(worker)));
    const own = await Promise.all(this.#own.map(resultOf));
    return this.#isStopping ? [STOPPING] : [...found.flat(), ...own];
  }

  /** From now on, these checks of the primary's are made too. */
  begin(checks: readonly HealthCheck[]): void {
    this.#own = checks;
  }

  /** Makes the service not ready from now on. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Whether the service was told to stop. */
  readonly isStopping = (): boolean => this.#isStopping;

  async #resultsOf(worker: WorkerSlot): Promise<readonly CheckResult[]> {
    const name = `worker ${worker.number}`;
    const results = worker.isReady ? await worker.ask("health", undefined, ANSWER_LIMIT) : [];
    if (results === undefined && worker.isReady) return [{ name, problem: "it did not answer in time" }];
    if (worker.isReady && results !== undefined)
      return results.map((one) => ({ ...one, name: `${name}: ${one.name}` }));
    const isEnough = this.#supervisor.workers.some(({ isReady }) => isReady);
    return [isEnough ? { name, problem: undefined, remark: RESTARTING } : { name, problem: RESTARTING }];
  }
}

async function resultOf({ name, run, remark }: HealthCheck): Promise<CheckResult> {
  return { name, problem: await run(), remark: remark?.() };
}
