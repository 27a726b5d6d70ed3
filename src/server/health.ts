import type { Logger } from "../base/logger.ts";
import type { HealthReport } from "../http/health.ts";
import type { Readiness } from "../rpc/health.ts";
import { JOBS, type Job } from "./jobs.ts";

/** How long results are reused, in milliseconds, so that frequent requests cost the store nothing. */
const MAX_AGE = 1_000;

/** One condition for a node to serve. */
export interface HealthCheck {
  /** Its name for operators, for example `store`. */
  readonly name: string;
  /** Resolves to a problem, described for operators, or to undefined. An error that it throws is a problem too. */
  run(): Promise<string | undefined>;
  /** Something that operators should know although the check passes; undefined: nothing. */
  remark?(): string | undefined;
}

/** The result of a check. `problem`: undefined if it passed. */
export interface CheckResult {
  readonly name: string;
  readonly problem: string | undefined;
  readonly remark?: string | undefined;
}

/** What {@link Health} needs. */
interface HealthParts {
  /** A monotonic reading in milliseconds. */
  readonly elapsed: () => number;
  /** Resolves when a check that starts now has taken too long. */
  readonly tooLong: () => Promise<unknown>;
  readonly logger: Logger;
}

/** What is found until a node has started. */
export const STARTING: CheckResult = { name: "start", problem: "the node is starting" };
/** What is found once it was told to stop. */
export const STOPPING: CheckResult = { name: "stop", problem: "the node is stopping" };

/** Whether a node can serve: from its start until it stops, if all its checks pass. */
export class Health implements Readiness, HealthReport {
  readonly #parts: HealthParts;
  readonly #listeners = new Set<() => void>();
  #checks: readonly HealthCheck[] | undefined;
  #latest: { readonly at: number; readonly results: readonly CheckResult[] } | undefined;
  #running: Promise<readonly CheckResult[]> | undefined;
  #wasReady: boolean | undefined;
  #isStopping = false;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  /** Checks regularly, so that watchers hear of changes. */
  readonly job: Job = {
    name: JOBS.checkHealth,
    every: MAX_AGE,
    run: async () => {
      if (this.#checks !== undefined && !this.#isStopping) await this.#look(this.#checks);
    },
  };

  /** The results of all checks: recent ones, or new ones if those are too old. Runs no check once the node stops. */
  async results(): Promise<readonly CheckResult[]> {
    if (this.#isStopping) return [STOPPING];
    if (this.#checks === undefined) return [STARTING];
    const isRecent = this.#latest !== undefined && this.#parts.elapsed() < this.#latest.at + MAX_AGE;
    const results = isRecent && this.#latest ? this.#latest.results : await this.#look(this.#checks);
    return this.#isStopping ? [STOPPING] : results;
  }

  async isReady(): Promise<boolean> {
    return (await this.results()).every(({ problem }) => problem === undefined);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells that the node has started: from now on these checks decide. */
  begin(checks: readonly HealthCheck[]): void {
    this.#checks = checks;
    this.#tellListeners();
  }

  /** Whether the node was told to stop. */
  readonly isStopping = (): boolean => this.#isStopping;

  /** Makes the node not ready from now on, whatever the checks find, so that load balancers have time to notice. */
  stop(): void {
    this.#isStopping = true;
    this.#tellListeners();
  }

  #look(checks: readonly HealthCheck[]): Promise<readonly CheckResult[]> {
    this.#running ??= this.#runAll(checks).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #runAll(checks: readonly HealthCheck[]): Promise<readonly CheckResult[]> {
    const results = await Promise.all(checks.map((check) => this.#runOne(check)));
    this.#latest = { at: this.#parts.elapsed(), results };
    this.#noteChange(results.filter(({ problem }) => problem !== undefined));
    return results;
  }

  async #runOne({ name, run, remark }: HealthCheck): Promise<CheckResult> {
    const late = this.#parts.tooLong().then(() => "it did not answer in time");
    const problem = await Promise.race([Promise.try(run), late]).catch(problemOf);
    return { name, problem, remark: remark?.() };
  }

  #noteChange(problems: readonly CheckResult[]): void {
    const isReady = problems.length === 0;
    if (isReady === this.#wasReady || this.#isStopping) return;
    const { logger } = this.#parts;
    if (!isReady) logger.warn({ problems }, "the node is not ready");
    else if (this.#wasReady !== undefined) logger.info({}, "the node is ready again");
    this.#wasReady = isReady;
    this.#tellListeners();
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
