import type { Logger } from "../base/logger.ts";
import type { HealthReport } from "../http/health.ts";
import type { Readiness } from "../rpc/health.ts";
import { JOBS, type Job } from "./jobs.ts";

/** For how long, in milliseconds, what was found is told again: whoever asks often costs the store nothing more. */
const MAX_AGE = 1_000;

/** What must be well for a node to serve. */
export interface HealthCheck {
  /** A word that names it to operators, for example `store`. */
  readonly name: string;
  /** Resolves to what is wrong, in words for operators, or to undefined. What it throws is wrong too. */
  run(): Promise<string | undefined>;
}

/** What a check found. `problem`: undefined if all is well. */
interface CheckResult {
  readonly name: string;
  readonly problem: string | undefined;
}

/** What health is made of. */
interface HealthParts {
  /** Milliseconds since some moment in the past. */
  readonly elapsed: () => number;
  /** Resolves once a check that began now takes too long. */
  readonly tooLong: () => Promise<unknown>;
  readonly logger: Logger;
}

const STARTING: CheckResult = { name: "start", problem: "the node starts" };
const STOPPING: CheckResult = { name: "stop", problem: "the node stops" };

/** Whether a node can serve, by all its checks: not before it began, and not once it stops. */
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

  /** Looks every now and then, so that whoever watches hears of a change. */
  readonly job: Job = {
    name: JOBS.checkHealth,
    every: MAX_AGE,
    run: async () => {
      if (this.#checks !== undefined && !this.#isStopping) await this.#look(this.#checks);
    },
  };

  /** What each check found, a moment ago at most, or finds now. Asks the store nothing once the node stops. */
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

  /** The node has started: from now on these checks decide. */
  begin(checks: readonly HealthCheck[]): void {
    this.#checks = checks;
    this.#tellListeners();
  }

  /** From now on the node is not ready, whatever the checks find: those who send it requests have time to notice. */
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

  async #runOne({ name, run }: HealthCheck): Promise<CheckResult> {
    const late = this.#parts.tooLong().then(() => "it gave no answer in time");
    const problem = await Promise.race([Promise.try(run), late]).catch(problemOf);
    return { name, problem };
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
