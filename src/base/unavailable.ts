/** Something that a call needs cannot be used at the moment. The same call may work later. */
export abstract class UnavailableError extends Error {
  /** What a caller is told: it names nothing of this machine, and ends by what to do. */
  abstract readonly description: string;
  /** Whether the log has it already, so that it need not be written for each call. */
  readonly isLogged: boolean = false;
}
