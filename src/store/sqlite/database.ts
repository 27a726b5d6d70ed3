import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError, StoreUnusableError } from "../port.ts";
import { number, text } from "./columns.ts";
import { isUnavailable } from "./errors.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";
import { migrations } from "./schema.ts";

/** The path of a database that lives in memory and ends with its connection. */
export const MEMORY = ":memory:";

/**
 * Opens the database at `path`, or one in memory for `:memory:`, and migrates it to the current schema. A missing file
 * is created with mode 0600, missing folders with 0700, unless `create` is false. Any number of processes may open the
 * same file, even at the same time. Throws {@link StoreUnavailableError} if the file cannot be opened, and
 * {@link StoreUnusableError} if a newer program wrote it, its file system is unsuitable, this process may not create it,
 * or it is missing and must not be created.
 */
export async function openDatabase(
  path: string,
  { create = true }: { readonly create?: boolean | undefined } = {},
): Promise<DatabaseSync> {
  const location = path === MEMORY ? MEMORY : resolve(path);
  if (!create && location !== MEMORY && !existsSync(location))
    throw new StoreUnusableError(`There is no SQLite file ${location}.`);
  try {
    if (location !== MEMORY) createFile(location);
    return await retryWhileBusy(() => open(location));
  } catch (error) {
    if (!isUnavailable(error) && !isSystemError(error)) throw error;
    const Refusal = needsChange(error) ? StoreUnusableError : StoreUnavailableError;
    throw new Refusal(`The SQLite file ${location} cannot be opened: ${error.message}.`, { cause: error });
  }
}

/** Whether the operating system reported it. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

/** Whether somebody has to change permissions, or the path, before the file can be opened. */
function needsChange(error: Error): boolean {
  return "code" in error && ["EACCES", "EPERM", "EROFS"].includes(String(error.code));
}

/** Creates the file if it is missing. SQLite gives its companion files the same mode. */
function createFile(location: string): void {
  mkdirSync(dirname(location), { recursive: true, mode: 0o700 });
  try {
    // `wx` only ever opens a new file: closing a descriptor of a database that this process has open would drop
    // SQLite's locks on it (POSIX advisory locks belong to the process).
    closeSync(openSync(location, "wx", 0o600));
  } catch (error) {
    if (!isSystemError(error) || !("code" in error) || error.code !== "EEXIST") throw error;
  }
}

function open(location: string): DatabaseSync {
  // SQLite's own busy handler stays off: it would block the event loop. See retryWhileBusy.
  const database = new DatabaseSync(location, { timeout: 0 });
  try {
    // Before anything is changed: a newer program's file stays as it is.
    assertKnown(schemaVersion(database));
    makeDurable(database, location);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Makes a commit return only once it is on the disk, and lets readers run beside a writer. */
function makeDurable(database: DatabaseSync, location: string): void {
  const mode = text(database.prepare("PRAGMA journal_mode = WAL").get()?.journal_mode);
  if (mode !== "wal" && location !== MEMORY) {
    throw new StoreUnusableError(
      `The SQLite file ${location} is on a file system that does not support a write-ahead log.`,
    );
  }
  database.exec("PRAGMA synchronous = FULL");
  // Only for macOS, where fsync does not reach the platter without this.
  database.exec("PRAGMA fullfsync = ON");
}

/** Runs the migrations that the file has not seen, in one transaction, so that of two processes only one runs them. */
function migrate(database: DatabaseSync): void {
  if (schemaVersion(database) === migrations.length) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    // Read again inside the transaction: another process may have migrated meanwhile.
    const version = schemaVersion(database);
    assertKnown(version);
    for (const step of migrations.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function schemaVersion(database: DatabaseSync): number {
  return number(database.prepare("PRAGMA user_version").get()?.user_version);
}

/** An unknown schema could be misread or damaged. */
function assertKnown(version: number): void {
  if (version <= migrations.length) return;
  throw new StoreUnusableError(
    `The SQLite file was written by a newer version of this program: ` +
      `its schema is ${version}, and the newest one known here is ${migrations.length}.`,
  );
}
