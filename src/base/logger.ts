/** The members of a line. None is the name of an event: `telemetry/log.ts` alone writes those. */
interface Unnamed {
  readonly [member: string]: unknown;
  readonly event?: never;
}

/** The log, in the shape of pino's loggers. Never log a token, a secret or a key. */
export interface Logger<Fields = Unnamed> {
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
}
