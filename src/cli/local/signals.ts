import type { Logger } from "../../base/logger.ts";

/** The signals that ask a process to stop. Only Windows has SIGBREAK. */
const STOP_SIGNALS: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGBREAK"];

/**
 * SIGUSR2 makes other services reopen their logs, and would end this one without letting requests end. SIGUSR1 would have
 * Node open a port for debuggers, from which every key can be read.
 */
const IGNORED_SIGNALS: readonly NodeJS.Signals[] = ["SIGUSR1", "SIGUSR2"];

/** Signals that came before anybody handles them, of those that are held. */
const held = new Set<NodeJS.Signals>();

const hold = (signal: NodeJS.Signals) => void held.add(signal);

/** Keeps the process alive if it gets signals of a running service before it is one, and remembers them until then. */
export function holdSignals(): void {
  for (const signal of ["SIGHUP", ...IGNORED_SIGNALS] as const) process.on(signal, hold);
}

/** Logs and ignores the signals that the service does not support, for as long as the process lives. */
export function ignoreSignals(logger: Logger): void {
  for (const signal of IGNORED_SIGNALS) {
    handle(signal, () => logger.warn({ signal }, "the signal is ignored: send SIGHUP to reload the configuration"));
  }
}

/** Does something at every SIGHUP, which would otherwise end the process; also if one was held. */
export function onHangup(work: () => void): void {
  handle("SIGHUP", work);
}

function handle(signal: NodeJS.Signals, work: () => void): void {
  process.on(signal, work);
  process.removeListener(signal, hold);
  if (held.delete(signal)) work();
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
