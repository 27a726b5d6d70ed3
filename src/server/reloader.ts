import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { ConfigContext } from "../config/load.ts";
import { type Reload, readAgain, readCertificateAgain } from "../config/reload.ts";
import { SealError } from "../keyring/seal.ts";
import { ConfigError } from "../schema/problems.ts";
import { StoreUnavailableError } from "../store/port.ts";
import type { Emit, ReloadScope } from "../telemetry/events.ts";
import { FileWatch, noting } from "./file-watch.ts";
import type { HealthCheck } from "./health.ts";
import { JOBS, type Job } from "./jobs.ts";
import { assertStoreUsable } from "./stores.ts";

/** How often files are read to find out whether they have changed, in milliseconds. */
const WATCH_EVERY = 2_000;

/** Why the configuration is read again. */
type Trigger = "SIGHUP" | "change";

/** What is read again. */
const READ = {
  configuration: readAgain,
  certificate: readCertificateAgain,
} as const satisfies Record<ReloadScope, unknown>;

/** What a reloader needs. */
interface ReloaderParts {
  /** What the service has started with. */
  readonly config: Config;
  readonly sources: ConfigContext;
  /** Reads a file to find out whether it has changed. */
  readonly readFile: (path: string) => Promise<string>;
  /** Makes the service run with another configuration: with all of it, or it throws and nothing has changed. */
  readonly apply: (next: Config, running: Config) => Promise<void>;
  readonly emit: Emit;
  readonly logger: Logger;
}

/**
 * Reads the configuration again while the service runs. It is checked whole, then applied whole; if it cannot be, the
 * service runs on with the one that it has, and says why.
 */
export class Reloader {
  readonly #parts: ReloaderParts;
  readonly #watch: FileWatch;
  #running: Config;
  #waiting: Promise<void> | undefined;
  #trigger: Trigger = "change";
  #last: Promise<void> = Promise.resolve();
  /** Why the last reload of each scope was refused; empty if it was not. */
  #problems: Readonly<Record<ReloadScope, readonly string[]>> = { configuration: [], certificate: [] };
  #isStopped = false;

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#running = parts.config;
    this.#watch = new FileWatch(parts.readFile);
  }

  /** Passes always, as a node with its old configuration serves; says if the last reload was refused. */
  readonly check: HealthCheck = {
    name: "configuration",
    run: async () => undefined,
    remark: () => remarkOn([...this.#problems.configuration, ...this.#problems.certificate]),
  };

  /**
   * Looks whether files have changed: those of the whole configuration if it says so, else the certificate and its key. The
   * first run reads them to find out which files there are.
   */
  readonly job: Job = {
    name: JOBS.watchFiles,
    every: WATCH_EVERY,
    run: async () => {
      if (await this.#watch.haveChanged()) await this.reload("change");
    },
  };

  /** Reads the configuration again, once those who asked before have been served. Never rejects. */
  reload(trigger: Trigger): Promise<void> {
    if (this.#waiting === undefined || trigger === "SIGHUP") this.#trigger = trigger;
    // Whoever asks while somebody waits is served with them.
    this.#waiting ??= this.#last.then(() => {
      this.#waiting = undefined;
      return this.#isStopped ? undefined : this.#reload(this.#trigger);
    });
    this.#last = this.#waiting;
    return this.#last;
  }

  /** Reads nothing more, and resolves once what is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#last;
  }

  async #reload(trigger: Trigger): Promise<void> {
    const { sources, apply } = this.#parts;
    const { readFile, noted } = noting(sources.readFile);
    const watched: ReloadScope = this.#running.reloadOnChange ? "configuration" : "certificate";
    const scope = trigger === "change" ? watched : "configuration";
    // Somebody may be writing to them, although they were the same in two looks: the next look finds that out.
    const isBeingWritten = () => trigger === "change" && !this.#watch.isAsLooked(noted);
    try {
      const reload = READ[scope](this.#running, { ...sources, readFile });
      if (isBeingWritten()) return;
      if (reload.store !== this.#running.store) await assertStoreUsable(reload.store);
      await apply(reload.config, this.#running);
      this.#succeed(trigger, scope, reload);
    } catch (error) {
      if (isBeingWritten()) return;
      this.#refuse(trigger, scope, error);
      // The configuration may be right, so the next look tries again.
      if (error instanceof StoreUnavailableError) return;
    }
    // What was read because of a signal may be more than is watched, and other files than before.
    this.#watch.expect(scope === watched ? noted : undefined);
  }

  #succeed(trigger: Trigger, scope: ReloadScope, { config, changes, restart }: Reload): void {
    const { emit, logger } = this.#parts;
    const known = new Set(this.#running.warnings);
    const lists = [this.#problems[scope], restart, ...Object.values(changes)];
    const isNews = lists.some(({ length }) => length > 0);
    this.#running = config;
    // The configuration names the certificate, so both are right.
    const others = scope === "certificate" ? this.#problems.configuration : [];
    this.#problems = { configuration: others, certificate: [] };
    for (const warning of config.warnings) if (!known.has(warning)) logger.warn({}, warning);
    // Whoever sends a signal wants to know that it was heard.
    if (isNews || trigger !== "change") emit({ event: "configuration_reloaded", trigger, scope, ...changes });
    if (restart.length > 0) emit({ event: "restart_required", settings: restart });
  }

  #refuse(trigger: Trigger, scope: ReloadScope, error: unknown): void {
    const { emit, logger } = this.#parts;
    const before = this.#problems[scope];
    const problems = problemsOf(error) ?? ["An unexpected error occurred."];
    this.#problems = { ...this.#problems, [scope]: problems };
    if (problemsOf(error) === undefined) logger.error({ err: error }, "a reload failed unexpectedly");
    // While the store is away, every look finds the same.
    if (trigger === "change" && isDeepStrictEqual(before, problems)) return;
    emit({ event: "reload_refused", trigger, scope, problems });
  }
}

/** Why a configuration cannot be used, one line each; undefined for an error that nobody expects. */
function problemsOf(error: unknown): readonly string[] | undefined {
  if (error instanceof ConfigError) return error.problems;
  return error instanceof SealError || error instanceof StoreUnavailableError ? [error.message] : undefined;
}

function remarkOn([first, ...others]: readonly string[]): string | undefined {
  if (first === undefined) return undefined;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `the last reload was refused, and the service runs on with the configuration before it: ${first}${more}`;
}
