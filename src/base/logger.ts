/** Where the product says what happened: pino's own shape, so that pino is one. Never a token, a secret or a key. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
