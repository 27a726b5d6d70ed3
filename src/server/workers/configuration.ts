import { StoreUnavailableError } from "../../store/port.ts";
import type { Files } from "../file-watch.ts";
import type { Introduction, ReloadRequest } from "./messages.ts";
import type { WorkerSlot } from "./worker-slot.ts";

/** How long a worker may take to reload, in milliseconds. */
const RELOAD_LIMIT = 60_000;

/**
 * What the workers are configured with: the files that the service has started with, and those of the last reload. All
 * workers run with the same files, whatever has become of them since, also one that starts again.
 */
export class WorkersConfiguration {
  readonly #files: Files;
  #reloaded: Files | undefined;
  /** What each worker was told of reloads when it started. */
  readonly #introduced = new Map<number, Files | undefined>();

  constructor(files: Files) {
    this.#files = files;
  }

  /** What a worker that starts has to know. */
  introduce(number: number): Pick<Introduction, "files" | "reloaded"> {
    this.#introduced.set(number, this.#reloaded);
    return { files: this.#files, reloaded: this.#reloaded };
  }

  /** Has a worker that is ready now reload what was reloaded while it started. */
  readonly catchUp = (worker: WorkerSlot): void => {
    if (this.#reloaded === undefined || this.#introduced.get(worker.number) === this.#reloaded) return;
    const request = { trigger: "change", scope: "configuration", files: this.#reloaded } as const;
    void worker.ask("reload", request, RELOAD_LIMIT);
  };

  /**
   * Has the workers reload, one after the other. If the first one cannot use the files, no other is asked. Throws
   * StoreUnavailableError if a worker cannot use them.
   */
  async reload(request: ReloadRequest, workers: readonly WorkerSlot[]): Promise<void> {
    const [first, ...others] = workers.filter(({ isReady }) => isReady);
    if (first !== undefined) assertNone(await problemsOf(first, request));
    this.#reloaded = { ...this.#files, ...this.#reloaded, ...request.files };
    const problems: string[] = [];
    for (const worker of others) problems.push(...(await problemsOf(worker, request)));
    assertNone(problems);
  }

  /** Has all workers open the files of their audits anew. */
  async reopenAudits(workers: readonly WorkerSlot[]): Promise<void> {
    const ready = workers.filter(({ isReady }) => isReady);
    await Promise.all(ready.map((worker) => worker.ask("reopenAudit", undefined, RELOAD_LIMIT)));
  }
}

/** Why a worker cannot use files, one line each; none if it has ended, as it starts again with them. */
async function problemsOf(worker: WorkerSlot, request: ReloadRequest): Promise<readonly string[]> {
  const problems = await worker.ask("reload", request, RELOAD_LIMIT);
  if (problems === undefined) return worker.isReady ? [`worker ${worker.number}: it does not answer`] : [];
  return problems.map((problem) => `worker ${worker.number}: ${problem}`);
}

function assertNone(problems: readonly string[]): void {
  if (problems.length > 0) throw new StoreUnavailableError(problems.join("; "));
}
