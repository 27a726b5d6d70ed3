import type { Machine } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { SetBack } from "../../base/shared-clock.ts";
import type { Failure, Introduction, Ports, ToWorker } from "./messages.ts";
import { type StartProcess, WorkerSlot } from "./worker-slot.ts";

/** What {@link Supervisor} needs. */
interface SupervisorParts {
  /** How many workers there are. */
  readonly count: number;
  readonly startProcess: StartProcess;
  readonly machine: Pick<Machine, "after" | "elapsed">;
  /** What the worker of that number has to know, if it starts now. */
  readonly introduction: (number: number) => Introduction;
  /** Called whenever a worker begins to serve. */
  readonly ready: (worker: WorkerSlot) => void;
  /** Called when a worker sees the machine's clock set back. */
  readonly clockSetBack: (setBack: SetBack) => void;
  /** Called once the process of a worker has ended. */
  readonly ended: (worker: WorkerSlot) => void;
  readonly logger: Logger;
}

/**
 * Keeps a number of workers running: starts them, restarts those that end, and has one of them do what only one does.
 */
export class Supervisor {
  readonly workers: readonly WorkerSlot[];
  readonly #parts: SupervisorParts;
  readonly #started = Promise.withResolvers<Ports>();
  /** The workers whose process has ended before all were ready. */
  readonly #lost = new Set<WorkerSlot>();
  #hasStarted = false;
  #isStopping = false;
  #keeper: WorkerSlot | undefined;
  #firstFailure: Failure | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    const { startProcess, machine, clockSetBack } = parts;
    const listener = {
      begun: (worker: WorkerSlot) => this.#introduce(worker),
      ready: (worker: WorkerSlot, ports: Ports) => this.#noteReady(worker, ports),
      clockSetBack,
      ended: (worker: WorkerSlot, end: { failure: Failure; restartIn: number | undefined }) =>
        this.#noteEnd(worker, end),
    };
    this.workers = Array.from(
      { length: parts.count },
      (_, index) => new WorkerSlot(index + 1, { startProcess, machine, listener }),
    );
  }

  /** Whether all workers have served at the same time at least once. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /**
   * Starts the workers. Resolves once all serve; throws why the first of them failed if none serves, and each has failed.
   */
  start(): Promise<Ports> {
    for (const worker of this.workers) worker.start();
    return this.#started.promise;
  }

  /** Tells all workers something. */
  tellAll(message: ToWorker): void {
    for (const worker of this.workers) worker.tell(message);
  }

  /** Has all workers stop, as a service does, and resolves once they have. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.workers.map((worker) => worker.stop()));
  }

  #introduce(worker: WorkerSlot): void {
    worker.tell({ kind: "introduction", introduction: this.#parts.introduction(worker.number) });
  }

  #noteReady(worker: WorkerSlot, ports: Ports): void {
    const { logger, ready } = this.#parts;
    ready(worker);
    if (this.#hasStarted) logger.info({ worker: worker.number }, "a worker serves again");
    if (this.#keeper === undefined) this.#appoint(worker);
    if (!this.workers.every(({ isReady }) => isReady)) return;
    this.#hasStarted = true;
    this.#started.resolve(ports);
  }

  #noteEnd(worker: WorkerSlot, { failure, restartIn }: { failure: Failure; restartIn: number | undefined }): void {
    this.#parts.ended(worker);
    if (this.#keeper === worker) this.#appoint(this.workers.find(({ isReady }) => isReady));
    if (this.#isStopping) return;
    this.#lost.add(worker);
    this.#firstFailure ??= failure;
    const canStart = this.#hasStarted || this.#lost.size < this.workers.length || this.workers.some((w) => w.isReady);
    if (!canStart) {
      this.#isStopping = true;
      this.#started.reject(errorOf(this.#firstFailure));
      return;
    }
    const { name, message, stack } = failure;
    const why = name === "Error" ? (stack ?? message) : message;
    this.#parts.logger.error({ worker: worker.number, why, restartIn }, "a worker has ended, and is started again");
  }

  #appoint(worker: WorkerSlot | undefined): void {
    this.#keeper = worker;
    worker?.tell({ kind: "keep" });
  }
}

/** A worker's error, as if it were this process's. */
function errorOf({ name, message, stack }: Failure): Error {
  return Object.assign(new Error(message), { name, stack });
}
