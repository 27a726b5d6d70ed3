import cluster from "node:cluster";
import { isSea } from "node:sea";
import { ConfigError } from "../../schema/problems.ts";
import type { Failure, Introduction, ToPrimary, ToWorker } from "./messages.ts";
import type { StartProcess } from "./worker-slot.ts";

/** The variable that tells a process that it is a worker. A person never sets it. */
const WORKER = "_MINTMARK_WORKER";

/** Whether this process is a worker that {@link startClusterProcess} has started. */
export function isWorker(): boolean {
  return process.env[WORKER] !== undefined;
}

/** Prepares to start workers, with the command line of this process. Throws ConfigError if it cannot have any. */
export function prepareProcesses(): StartProcess {
  if (!cluster.isPrimary) {
    throw new ConfigError([
      "workers (MINTMARK_WORKERS): expected 1, as a process manager has started this as a worker",
    ]);
  }
  const [first = "serve", ...args] = process.argv.slice(2);
  // An executable takes no script, and would read the name of one as its first argument.
  if (isSea()) cluster.setupPrimary({ exec: first, args, execArgv: [] });
  return startClusterProcess;
}

/** Starts a worker. Workers share the sockets that they listen on. */
const startClusterProcess: StartProcess = (_, listener) => {
  const worker = cluster.fork({ [WORKER]: "1" });
  worker.on("message", (message: ToPrimary) => listener.heard(message));
  // Its last message may be read only after its end is known.
  const drained = new Promise<void>((resolve) => worker.once("disconnect", resolve));
  worker.once("exit", (code, signal) => void drained.then(() => listener.ended(signal ?? `code ${code}`)));
  // Without an end, it has never begun.
  worker.process.once("error", (error) => listener.ended(error.message));
  return {
    send(message) {
      if (worker.isConnected()) worker.send(message, undefined, undefined, () => undefined);
    },
  };
};

/** The primary, as a worker reaches it. If the primary ends, so does the worker. */
export interface Primary {
  send(message: ToPrimary): Promise<void>;
  /** Who hears all that the primary tells from now on. */
  onMessage(listener: (message: ToWorker) => void): void;
}

/** The primary of this process, which is a worker. */
export const primary: Primary = {
  send: (message) => new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve())),
  onMessage: (listener) => void process.on("message", listener),
};

/** Tells the primary that this worker has begun, and resolves to what it has to know. */
export function introductionBy({ send, onMessage }: Primary): Promise<Introduction> {
  return new Promise((resolve) => {
    onMessage((message) => {
      if (message.kind === "introduction") resolve(message.introduction);
    });
    void send({ kind: "begun" });
  });
}

/** An error in the shape in which it crosses processes. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: undefined };
  const { name, message, stack } = error;
  return { name, message, stack };
}
