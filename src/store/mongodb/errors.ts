import { MongoBulkWriteError, MongoError, MongoInvalidArgumentError, MongoServerError } from "mongodb";
import { StoreUnavailableError } from "../port.ts";

/** The server's code for a row whose `_id` is there already. */
export const DUPLICATE_KEY = 11000;

/** Whether a row with the same `_id` was there already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * Whether the database could not answer, whatever was asked: it is away, too slow, replaces its primary, or refuses
 * this user. What the driver itself refuses to send is the caller's fault.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof MongoError) return !(error instanceof MongoInvalidArgumentError) && !isDuplicate(error);
  return error instanceof StoreUnavailableError || isSystemError(error);
}

/** Whether the operating system refused: not all errors of a connection come as the driver's own. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

/** What a caller is told: {@link StoreUnavailableError} with the cause if the store could not answer, else the error itself. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailableError || !isUnavailable(error)) return error;
  return new StoreUnavailableError("The MongoDB store could not answer.", { cause: withoutRows(error) });
}

/** The rows of a batch are in the driver's error: only what it says is kept. */
function withoutRows(error: unknown): unknown {
  return error instanceof MongoBulkWriteError ? new Error(error.message) : error;
}
