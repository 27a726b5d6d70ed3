/** What a command ends with; docs and `--help` tell the same. */
export const EXIT = {
  done: 0,
  /** The command line or the configuration makes no sense, or what it names is not there. */
  usage: 1,
  /** The service, or the store, refused what was asked for. */
  refused: 2,
  /** The service, the store or the clock is not available: the same may work later. */
  unavailable: 3,
} as const;

type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command that was called in a way that makes no sense. Its message says what was expected, and repeats no secret. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The service refused a call. The message has its words. */
export class ServiceRefusedError extends Error {
  override readonly name = "ServiceRefusedError";
}

/** The service does not answer, or cannot now. The message names its address. */
export class ServiceUnavailableError extends Error {
  override readonly name = "ServiceUnavailableError";
}

/**
 * The errors that an operator can mend, and what a command ends with after each. They go by their names: to import them
 * all would load databases and cryptography for a command that needs none.
 */
const codes: Readonly<Record<string, ExitCode>> = {
  UsageError: EXIT.usage,
  ConfigError: EXIT.usage,
  SealError: EXIT.usage,
  StoreUnusableError: EXIT.usage,
  ServiceRefusedError: EXIT.refused,
  OAuthError: EXIT.refused,
  CopyError: EXIT.refused,
  ServiceUnavailableError: EXIT.unavailable,
  StoreUnavailableError: EXIT.unavailable,
  ClockOffError: EXIT.unavailable,
};

/** What a command ends with after an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof Error)) return EXIT.usage;
  if ("code" in error && error.code === "temporarily_unavailable") return EXIT.unavailable;
  return codes[error.name] ?? EXIT.usage;
}

/** What an operator can mend is told in plain words; anything else with all that is known of it. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "ConfigError") return `The configuration is not valid:\n${error.message}`;
  return error.name in codes ? error.message : (error.stack ?? error.message);
}
