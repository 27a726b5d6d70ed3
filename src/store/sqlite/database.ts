import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError, StoreUnusableError } from "../port.ts";
import { number, text } from "./columns.ts";
import { isUnavailable } from "./errors.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";
import { migrations } from "./schema.ts";

/** The path of a database that is kept in memory and ends with its connection. */
export const MEMORY = ":memory:";

/**
 * Opens the database at `path`, or in memory for `:memory:`, brought up to today's schema. A missing file is made with
 * mode 0600, and its missing folders with 0700. Any number of processes may open the same file, at the same time too.
 * Throws {@link StoreUnavailableError} when the file cannot be opened, and {@link StoreUnusableError} when a newer program
 * wrote it, or its file system is not fit for it.
 */
export async function openDatabase(path: string): Promise<DatabaseSync> {
  const location = path === MEMORY ? MEMORY : resolve(path);
  try {
    if (location !== MEMORY) createFile(location);
    return await retryWhileBusy(() => open(location));
  } catch (error) {
    if (!isUnavailable(error) && !isSystemError(error)) throw error;
    throw new StoreUnavailableError(`The SQLite file ${location} cannot be opened: ${error.message}.`, {
      cause: error,
    });
  }
}

/** Whether the operating system refused. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

/** Makes the file if there is none. SQLite gives the files that it keeps beside it the same mode. */
function createFile(location: string): void {
  mkdirSync(dirname(location), { recursive: true, mode: 0o700 });
  try {
    // Only ever a new file: closing a descriptor of one that this process has open already would drop SQLite's locks.
    closeSync(openSync(location, "wx", 0o600));
  } catch (error) {
    if (!isSystemError(error) || !("code" in error) || error.code !== "EEXIST") throw error;
  }
}

function open(location: string): DatabaseSync {
  // SQLite's own waiting for another process stays off: it would hold up the event loop. See retryWhileBusy.
  const database = new DatabaseSync(location, { timeout: 0 });
  try {
    assertKnown(schemaVersion(database));
    makeDurable(database, location);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A commit returns once the disk has it, and readers never wait for a writer. */
function makeDurable(database: DatabaseSync, location: string): void {
  const mode = text(database.prepare("PRAGMA journal_mode = WAL").get()?.journal_mode);
  if (mode !== "wal" && location !== MEMORY) {
    throw new StoreUnusableError(`The SQLite file ${location} is on a file system that cannot keep a write-ahead log.`);
  }
  database.exec("PRAGMA synchronous = FULL");
  // macOS alone: there, an fsync does not reach the disk's platter without this.
  database.exec("PRAGMA fullfsync = ON");
}

/** Takes the steps that the file has not seen. They are one transaction, so that of two processes one takes them. */
function migrate(database: DatabaseSync): void {
  if (schemaVersion(database) === migrations.length) return;
  database.exec("BEGIN IMMEDIATE");
  try {
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

/** A schema that is not known could be misread, or spoilt. */
function assertKnown(version: number): void {
  if (version <= migrations.length) return;
  throw new StoreUnusableError(
    `The SQLite file was written by a newer version of this program: ` +
      `its schema is ${version}, and the newest one known here is ${migrations.length}.`,
  );
}
