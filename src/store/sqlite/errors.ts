import { StoreUnavailableError } from "../port.ts";

/**
 * The primary result codes (https://sqlite.org/rescode.html) that are about the file, the disk or another process. The
 * others, such as a violated constraint, are about the call itself.
 */
const unavailable: ReadonlySet<number> = new Set([
  3, // SQLITE_PERM
  5, // SQLITE_BUSY
  6, // SQLITE_LOCKED
  7, // SQLITE_NOMEM
  8, // SQLITE_READONLY
  9, // SQLITE_INTERRUPT
  10, // SQLITE_IOERR
  11, // SQLITE_CORRUPT
  13, // SQLITE_FULL
  14, // SQLITE_CANTOPEN
  15, // SQLITE_PROTOCOL
  17, // SQLITE_SCHEMA
  26, // SQLITE_NOTADB
]);

/** The primary result code of an SQLite error, or undefined for any other error. */
function primaryCode(error: unknown): number | undefined {
  const isSqlite = error instanceof Error && "errcode" in error && typeof error.errcode === "number";
  return isSqlite ? (error.errcode as number) & 0xff : undefined;
}

/** Whether another connection held a lock, so that the same call may succeed a little later. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5;
}

/** Whether the store could not answer, whatever was asked. */
export function isUnavailable(error: unknown): error is Error {
  const code = primaryCode(error);
  return code !== undefined && unavailable.has(code);
}

/**
 * Maps an error to what a caller gets: {@link StoreUnavailableError} with the cause if the store could not answer, else
 * the error itself.
 */
export function toStoreError(error: unknown): unknown {
  return isUnavailable(error)
    ? new StoreUnavailableError("The SQLite store could not answer.", { cause: error })
    : error;
}
