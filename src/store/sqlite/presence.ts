import { closeSync, existsSync, openSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { systemRandom } from "../../base/random.ts";
import type { Role } from "../options.ts";
import { isBusy } from "./errors.ts";

/** Another process that uses the same file. */
export interface Other {
  readonly role: Role;
  readonly pid: number;
}

/**
 * How often a new mark is made after another process took it for a dead process's, in the instant before it was locked.
 */
const MAX_ATTEMPTS = 10;

/**
 * Lets the processes that use one database file see each other. Each keeps a mark beside the file: an empty file named
 * after the process, which it locks while it runs. The operating system drops the lock of a process however it ends, so
 * an unlocked mark always belongs to a dead process.
 */
export class Presence {
  readonly #database: string;
  readonly #mark: Mark;
  readonly #known: Set<string>;
  #news: readonly string[];

  /** Makes a mark beside the database at that path. Throws the file system's errors. */
  constructor(database: string, role: Role) {
    this.#database = database;
    // Made before looking for others, so that of two processes that start together at least one sees the other.
    this.#mark = makeMark(database, role);
    this.#news = this.#others().filter(isAlive);
    this.#known = new Set(this.#news);
  }

  /**
   * The processes that were not reported before. A mark that appears belongs to a process that ran at the same time as
   * this one, even if it has ended by now.
   */
  look(): readonly Other[] {
    const fresh = this.#others().filter((path) => !this.#known.has(path));
    const told = [...this.#news, ...fresh].map(describe);
    for (const path of fresh) {
      this.#known.add(path);
      isAlive(path);
    }
    this.#news = [];
    return told;
  }

  /** Removes the mark, unless another process runs that may not have seen it yet: that one removes it. */
  leave(): void {
    if (!this.#mark.lock.isOpen) return;
    const others = this.#others().filter(isAlive);
    if (others.length === 0) rmSync(this.#mark.path, { force: true });
    this.#mark.lock.close();
  }

  #others(): readonly string[] {
    return marksOf(this.#database).filter((path) => path !== this.#mark.path);
  }
}

/** The processes that use the database at `database` now. Throws the errors of the file system. */
export function othersOn(database: string): readonly Other[] {
  return marksOf(realpathSync(database)).filter(isAlive).map(describe);
}

/** The marks beside a database, of living processes and of dead ones. */
function marksOf(database: string): readonly string[] {
  const folder = dirname(database);
  const prefix = `${basename(database)}.`;
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && MARK.test(name.slice(prefix.length)))
    .map((name) => join(folder, name));
}

/** The part of a mark's name after the database's. */
const MARK = /^(server|copy)-(\d+)-[0-9a-f]{12}$/;

interface Mark {
  readonly path: string;
  readonly lock: DatabaseSync;
}

/**
 * Makes a mark and locks it. Before it is locked, another process may take it for that of a dead process and delete it;
 * then another one is made.
 */
function makeMark(database: string, role: Role): Mark {
  for (let attempt = 1; ; attempt++) {
    const path = `${database}.${role}-${process.pid}-${Buffer.from(systemRandom.bytes(6)).toString("hex")}`;
    closeSync(openSync(path, "wx", 0o600));
    const lock = lockOf(path);
    if (lock !== undefined && existsSync(path)) return { path, lock };
    lock?.close();
    if (attempt === MAX_ATTEMPTS) throw new Error(`The file ${path} cannot be kept locked.`);
  }
}

/** Whether a mark's process is running. Deletes the mark of a dead one. */
function isAlive(path: string): boolean {
  const lock = lockOf(path);
  if (lock === undefined) return existsSync(path);
  rmSync(path, { force: true });
  lock.close();
  return false;
}

/** Locks a mark. Returns undefined if another process has locked it, or the file does not exist. */
function lockOf(path: string): DatabaseSync | undefined {
  const url = pathToFileURL(path);
  // Without this, SQLite would create a file that is gone.
  url.searchParams.set("mode", "rw");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(url, { timeout: 0 });
    // Nothing is ever written; without this there would be a second file for the journal.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error) || !existsSync(path)) return undefined;
    throw error;
  }
}

/** Reads role and process id from the name of a mark, as its file is empty. */
function describe(path: string): Other {
  const [, role, pid] = MARK.exec(path.slice(path.lastIndexOf(".") + 1)) ?? [];
  return { role: role === "copy" ? "copy" : "server", pid: Number(pid) };
}
