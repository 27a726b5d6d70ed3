import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { ConfigContext } from "../config/load.ts";
import { type Reload, readAgain, readCertificateAgain } from "../config/reload.ts";
import { SealError } from "../keyring/seal.ts";
import { ConfigError } from "../schema/problems.ts";
import { StoreUnavailableError } from "../store/port.ts";
import type { Emit, ReloadScope } from "../telemetry/events.ts";
import { type Files, FileWatch, noting } from "./file-watch.ts";
import type { HealthCheck } from "./health.ts";
import { JOBS, type Job } from "./jobs.ts";
import { assertStoreUsable } from "./stores.ts";

/** How often files are read to find out whether they have changed, in milliseconds. */
const WATCH_EVERY = 2_000;

/** Why the configuration is read again. */
export type Trigger = "SIGHUP" | "change";

/** How each scope is read again. */
const READ = {
  configuration: readAgain,
  certificate: readCertificateAgain,
} as const satisfies Record<ReloadScope, unknown>;

/** A reload that somebody has asked for. */
interface Asked {
  readonly trigger: Trigger;
  readonly scope: ReloadScope;
}

/** What is wrong with each scope, one line each; empty if nothing is. */
type Problems = Readonly<Record<ReloadScope, readonly string[]>>;

/** What a reloader needs. */
interface ReloaderParts {
  /** What the service has started with. */
  readonly config: Config;
  readonly sources: ConfigContext;
  /** Reads a file to find out whether it has changed. */
  readonly readFile: (path: string) => Promise<string>;
  /** Makes the service run with another configuration: with all of it, or it throws and nothing has changed. */
  readonly apply: (next: Config, running: Config, asked: Asked & { readonly files: Files }) => Promise<void>;
  readonly emit: Emit;
  readonly logger: Logger;
}

/**
 * Reads the configuration again while the service runs. It is checked whole, then applied whole; if it cannot be, the
 * service runs on with the one that it has, and says why.
 */
export class Reloader {
  readonly #parts: ReloaderParts;
  /** The files of each scope that is watched: a certificate's on their own too, as the rest may be faulty. */
  readonly #watches: ReadonlyMap<ReloadScope, FileWatch>;
  #running: Config;
  #waiting: Promise<readonly string[]> | undefined;
  #asked: Asked = { trigger: "change", scope: "configuration" };
  #last: Promise<readonly string[]> = Promise.resolve([]);
  /** Why the last reload of each scope was refused. */
  #problems: Problems = { configuration: [], certificate: [] };
  #isStopped = false;

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#running = parts.config;
    this.#watches = new Map(watchedScopes(parts.config).map((scope) => [scope, new FileWatch(parts.readFile)]));
  }

  /** Passes always, as a node with its old configuration serves; says if the last reload was refused. */
  readonly check: HealthCheck = {
    name: "configuration",
    run: async () => undefined,
    remark: () => remarkOn(new Set([...this.#problems.configuration, ...this.#problems.certificate])),
  };

  /**
   * Looks whether files have changed: those of the whole configuration if it says so, and the certificate and its key. The
   * first run reads them to find out which files there are.
   */
  readonly job: Job = {
    name: JOBS.watchFiles,
    every: WATCH_EVERY,
    run: async () => {
      for (const [scope, watch] of this.#watches) {
        if (await watch.haveChanged()) await this.reload("change", scope);
      }
    },
  };

  /**
   * Reads the configuration, or a part of it, again once those who asked before have been served. Resolves to why it
   * cannot be used, one line each. Never rejects.
   */
  reload(trigger: Trigger, scope: ReloadScope = "configuration"): Promise<readonly string[]> {
    if (this.#waiting === undefined || trigger === "SIGHUP") this.#asked = { trigger, scope };
    // Whoever asks while somebody waits is served with them.
    this.#waiting ??= this.#last.then(async () => {
      this.#waiting = undefined;
      const asked = this.#asked;
      if (!this.#isStopped) await this.#reload(asked);
      return this.#problems[asked.scope];
    });
    this.#last = this.#waiting;
    return this.#last;
  }

  /** Reads nothing more, and resolves once what is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#last;
  }

  async #reload({ trigger, scope }: Asked): Promise<void> {
    const { sources, apply } = this.#parts;
    const { readFile, noted, files } = noting(sources.readFile);
    const watch = this.#watches.get(scope);
    // Somebody may be writing to them, although they were the same in two looks: the next look finds that out.
    const isBeingWritten = () => trigger === "change" && watch?.isAsLooked(noted) === false;
    try {
      const reload = READ[scope](this.#running, { ...sources, readFile });
      if (isBeingWritten()) return;
      if (reload.store !== this.#running.store) await assertStoreUsable(reload.store);
      await apply(reload.config, this.#running, { trigger, scope, files: files() });
      this.#succeed(trigger, scope, reload);
    } catch (error) {
      if (isBeingWritten()) return;
      this.#refuse(trigger, scope, error);
      // The configuration may be right, so the next look tries again.
      if (error instanceof StoreUnavailableError) return;
    }
    watch?.expect(noted);
  }

  #succeed(trigger: Trigger, scope: ReloadScope, { config, changes, restart }: Reload): void {
    const { emit, logger } = this.#parts;
    const known = new Set(this.#running.warnings);
    const lists = [this.#problems[scope], restart, ...Object.values(changes)];
    const isNews = lists.some(({ length }) => length > 0);
    this.#running = config;
    // The configuration names the certificate, so both are right, and it may be in other files than before.
    const others = scope === "certificate" ? this.#problems.configuration : [];
    this.#problems = { configuration: others, certificate: [] };
    if (scope === "configuration") this.#watches.get("certificate")?.expect(undefined);
    for (const warning of config.warnings) if (!known.has(warning)) logger.warn({}, warning);
    // Whoever sends a signal wants to know that it was heard.
    if (isNews || trigger !== "change") emit({ event: "configuration_reloaded", trigger, scope, ...changes });
    if (restart.length > 0) emit({ event: "restart_required", settings: restart });
  }

  #refuse(trigger: Trigger, scope: ReloadScope, error: unknown): void {
    const { emit, logger } = this.#parts;
    const before = this.#problems;
    const problems = problemsOf(error) ?? ["An unexpected error occurred."];
    this.#problems = { ...before, [scope]: problems };
    if (problemsOf(error) === undefined) logger.error({ err: error }, "a reload failed unexpectedly");
    if (trigger === "change" && isTold(scope, problems, before)) return;
    emit({ event: "reload_refused", trigger, scope, problems });
  }
}

/** What of a configuration is watched for as long as the service runs. */
function watchedScopes({ reloadOnChange, tls }: Config): readonly ReloadScope[] {
  return [...(reloadOnChange ? (["configuration"] as const) : []), ...(tls ? (["certificate"] as const) : [])];
}

/** Whether these problems are those of before: while the store is away, every look finds the same. */
function isTold(scope: ReloadScope, problems: readonly string[], before: Problems): boolean {
  if (isDeepStrictEqual(problems, before[scope])) return true;
  // A faulty certificate is a fault of the configuration too.
  return scope === "certificate" && problems.every((problem) => before.configuration.includes(problem));
}

/** Why a configuration cannot be used, one line each; undefined for an error that nobody expects. */
function problemsOf(error: unknown): readonly string[] | undefined {
  if (error instanceof ConfigError) return error.problems;
  return error instanceof SealError || error instanceof StoreUnavailableError ? [error.message] : undefined;
}

function remarkOn([first, ...others]: Iterable<string>): string | undefined {
  if (first === undefined) return undefined;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `the last reload was refused, and the service runs on with the configuration before it: ${first}${more}`;
}
