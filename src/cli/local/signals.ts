import type { Logger } from "../../base/logger.ts";

/** The signals that ask a process to stop. Only Windows has SIGBREAK. */
const STOP_SIGNALS: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGBREAK"];

/**
 * SIGUSR2 makes other services reopen their logs, and would end this one without letting requests end. SIGUSR1 would have
 * Node open a port for debuggers, from which every key can be read.
 */
const IGNORED_SIGNALS: readonly NodeJS.Signals[] = ["SIGUSR1", "SIGUSR2"];

/** Logs and ignores the signals that the service does not support, for as long as the process lives. */
export function ignoreSignals(logger: Logger): void {
  for (const signal of IGNORED_SIGNALS) {
    process.on(signal, () => logger.warn({ signal }, "the signal is ignored: send SIGHUP to reload the configuration"));
  }
}

/** Does something at every SIGHUP, which would otherwise end the process. */
export function onHangup(work: () => void): void {
  process.on("SIGHUP", work);
}

/** Resolves to the first signal that asks the process to stop. The next one ends the process immediately. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      for (const each of STOP_SIGNALS) process.removeListener(each, stop);
      resolve(signal);
    };
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
  });
}
