import type { Logger } from "../../base/logger.ts";

/** What asks a process to stop. Windows alone has SIGBREAK. */
const STOP_SIGNALS: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGBREAK"];

/**
 * SIGHUP and SIGUSR2 make other services reload or reopen their logs, and would end this one without letting requests end.
 * SIGUSR1 would have Node open a port for debuggers, from which every key can be read.
 */
const IGNORED_SIGNALS: readonly NodeJS.Signals[] = ["SIGHUP", "SIGUSR1", "SIGUSR2"];

/** Has the signals that ask for what the service does not do logged and ignored, for as long as the process lives. */
export function ignoreSignals(logger: Logger): void {
  for (const signal of IGNORED_SIGNALS) {
    process.on(signal, () =>
      logger.warn({ signal }, "the signal is ignored: restart the service to read its configuration again"),
    );
  }
}

/** Resolves to the first signal that asks the process to stop. The next one has its own effect: it ends the process. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      for (const each of STOP_SIGNALS) process.removeListener(each, stop);
      resolve(signal);
    };
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
  });
}
