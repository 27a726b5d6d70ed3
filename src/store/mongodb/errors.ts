import { MongoBulkWriteError, MongoError, MongoInvalidArgumentError, MongoServerError } from "mongodb";
import { StoreUnavailableError } from "../port.ts";

/** The server's error code for a row whose `_id` already exists. */
export const DUPLICATE_KEY = 11000;

/** Whether a row with the same `_id` already exists. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * Whether the database could not answer, whatever was asked: it is unreachable, too slow, electing a primary, or
 * refuses this user. What the driver itself refuses to send is a bug of the caller.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof MongoError) return !(error instanceof MongoInvalidArgumentError) && !isDuplicate(error);
  return error instanceof StoreUnavailableError || isSystemError(error);
}

/** Whether the operating system reported it: not every connection error is wrapped by the driver. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

/**
 * Maps an error to what a caller gets: {@link StoreUnavailableError} with the cause if the store could not answer, else
 * the error itself.
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailableError || !isUnavailable(error)) return error;
  return new StoreUnavailableError("The MongoDB store could not answer.", { cause: withoutRows(error) });
}

/** The driver's error contains the rows of a batch, which must not reach the log: only its message is kept. */
function withoutRows(error: unknown): unknown {
  return error instanceof MongoBulkWriteError ? new Error(error.message) : error;
}
