import type { Machine } from "../../base/clock.ts";
import type { SetBack } from "../../base/shared-clock.ts";
import type { Failure, Ports, Questions, ToPrimary, ToWorker } from "./messages.ts";

/** How long the first restart waits, in milliseconds. Each further one waits twice as long. */
const FIRST_DELAY = 100;

/** The longest that a restart waits, in milliseconds. */
const LONGEST_DELAY = 30_000;

/** A worker that served for so long has not failed to start, in milliseconds: its next restart is a first one again. */
const STEADY = 60_000;

/** The process of a worker, as far as the primary reaches it. */
interface WorkerProcess {
  /** Sends a message; does nothing if the process has ended. */
  send(message: ToWorker): void;
}

/** What is heard of the process of a worker. */
interface ProcessListener {
  heard(message: ToPrimary): void;
  /** It has ended, or could not be started. `how`: its exit code, a signal or an error, in words. */
  ended(how: string): void;
}

/** Starts the process of the worker with that number. */
export type StartProcess = (number: number, listener: ProcessListener) => WorkerProcess;

/** What one worker has its supervisor know. */
interface SlotListener {
  /** A process has begun, and needs its introduction. */
  begun(slot: WorkerSlot): void;
  ready(slot: WorkerSlot, ports: Ports): void;
  /** It has seen the machine's clock set back. */
  clockSetBack(setBack: SetBack): void;
  /** A process has ended. `restartIn`: when the next one starts, in milliseconds; undefined if it is not needed. */
  ended(slot: WorkerSlot, end: { readonly failure: Failure; readonly restartIn: number | undefined }): void;
}

/** What {@link WorkerSlot} needs. */
interface SlotParts {
  readonly startProcess: StartProcess;
  readonly machine: Pick<Machine, "after" | "elapsed">;
  readonly listener: SlotListener;
}

/** One of the workers, whichever process it is now. */
export class WorkerSlot {
  readonly number: number;
  readonly #parts: SlotParts;
  readonly #unanswered = new Map<number, (answer: unknown) => void>();
  #process: WorkerProcess | undefined;
  #readyAt: number | undefined;
  #failure: Failure | undefined;
  /** How many processes have ended one after the other without having served for long. */
  #failures = 0;
  #questions = 0;
  #isStopping = false;
  #cancelRestart: () => void = () => undefined;
  readonly #ended = Promise.withResolvers<void>();

  constructor(number: number, parts: SlotParts) {
    this.number = number;
    this.#parts = parts;
  }

  /** Whether it serves. */
  get isReady(): boolean {
    return this.#readyAt !== undefined;
  }

  /** Starts its process. */
  start(): void {
    this.#process = this.#parts.startProcess(this.number, {
      heard: (message) => this.#hear(message),
      ended: (how) => this.#end(how),
    });
  }

  /** Tells its process something, if there is one. */
  tell(message: ToWorker): void {
    this.#process?.send(message);
  }

  /** Asks its process something. Resolves to undefined if it does not answer within so many milliseconds, or ends. */
  ask<About extends keyof Questions>(
    about: About,
    request: Questions[About]["request"],
    limit: number,
  ): Promise<Questions[About]["answer"] | undefined> {
    this.#questions += 1;
    const id = this.#questions;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#unanswered.set(id, resolve);
    const cancel = this.#parts.machine.after(limit, () => this.#answer(id, undefined));
    this.tell({ kind: "question", id, about, request });
    return promise.finally(cancel) as Promise<Questions[About]["answer"] | undefined>;
  }

  /** Has its process stop, and starts none any more. Resolves once there is none. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelRestart();
    if (this.#process === undefined) this.#ended.resolve();
    this.tell({ kind: "stop" });
    return this.#ended.promise;
  }

  #hear(message: ToPrimary): void {
    const { listener, machine } = this.#parts;
    switch (message.kind) {
      case "begun":
        listener.begun(this);
        return;
      case "ready":
        this.#readyAt = machine.elapsed();
        listener.ready(this, message.ports);
        return;
      case "clock_set_back":
        listener.clockSetBack(message.setBack);
        return;
      case "failed":
        this.#failure = message.failure;
        return;
      case "answer":
        this.#answer(message.id, message.answer);
    }
  }

  #answer(id: number, answer: unknown): void {
    this.#unanswered.get(id)?.(answer);
    this.#unanswered.delete(id);
  }

  #end(how: string): void {
    const failure = this.#failure ?? { name: "Error", message: `It ended with ${how}.`, stack: undefined };
    const restartIn = this.#isStopping ? undefined : this.#delay();
    this.#process = undefined;
    this.#readyAt = undefined;
    this.#failure = undefined;
    for (const id of [...this.#unanswered.keys()]) this.#answer(id, undefined);
    if (restartIn === undefined) this.#ended.resolve();
    else this.#cancelRestart = this.#parts.machine.after(restartIn, () => this.start());
    this.#parts.listener.ended(this, { failure, restartIn });
  }

  /** How long the next process has to wait. */
  #delay(): number {
    const served = this.#readyAt === undefined ? 0 : this.#parts.machine.elapsed() - this.#readyAt;
    if (served >= STEADY) this.#failures = 0;
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures);
    this.#failures += 1;
    return delay;
  }
}
