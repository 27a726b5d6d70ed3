/** Something that a call needs is unavailable. The same call may succeed later. */
export abstract class UnavailableError extends Error {
  /** What the caller is told. It reveals nothing about this machine, and ends with what to do. */
  abstract readonly description: string;
  /** Whether it is already logged, so that it need not be logged for each call. */
  readonly isLogged: boolean = false;
}
