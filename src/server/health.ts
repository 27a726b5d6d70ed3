import type { Logger } from "../base/logger.ts";
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
  readonly checks: readonly HealthCheck[];
  /** Milliseconds since some moment in the past. */
  readonly elapsed: () => number;
  /** Resolves once a check that began now takes too long. */
  readonly tooLong: () => Promise<unknown>;
  readonly logger: Logger;
}

/** Whether a node can serve, by all its checks. */
export class Health implements Readiness {
  readonly #parts: HealthParts;
  readonly #listeners = new Set<() => void>();
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
    run: async () => void (await this.#look()),
  };

  /** What each check found, a moment ago at most, or finds now. */
  async results(): Promise<readonly CheckResult[]> {
    const { elapsed } = this.#parts;
    const found =
      this.#latest !== undefined && elapsed() < this.#latest.at + MAX_AGE ? this.#latest.results : await this.#look();
    return this.#isStopping ? [...found, { name: "stopping", problem: "the node stops" }] : found;
  }

  /** Asks no store once the node stops: whoever watches hears of that before the doors close. */
  async isReady(): Promise<boolean> {
    return !this.#isStopping && (await this.results()).every(({ problem }) => problem === undefined);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From now on the node is not ready, whatever the checks find: those who send it requests have time to notice. */
  stop(): void {
    this.#isStopping = true;
    for (const listener of this.#listeners) listener();
  }

  #look(): Promise<readonly CheckResult[]> {
    this.#running ??= this.#runAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #runAll(): Promise<readonly CheckResult[]> {
    const results = await Promise.all(this.#parts.checks.map((check) => this.#runOne(check)));
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
    if (isReady === this.#wasReady) return;
    const { logger } = this.#parts;
    if (!isReady) logger.warn({ problems }, "the node is not ready");
    else if (this.#wasReady !== undefined) logger.info({}, "the node is ready again");
    this.#wasReady = isReady;
    for (const listener of this.#listeners) listener();
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
