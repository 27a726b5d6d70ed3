import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../port.ts";
import { isBusy, toStoreError } from "./errors.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";
import { createWriter } from "./writer.ts";

/** An open database, and the only ways to use it. */
export interface Connection {
  /** For preparing statements, once. */
  readonly database: DatabaseSync;
  /** Runs a read. */
  read<T>(work: () => T): Promise<T>;
  /** Runs a write, in one commit with other writes that arrive at the same time. */
  write<T>(work: () => T): Promise<T>;
  /** Commits the writes that wait, then closes. Later calls are refused with a {@link StoreUnavailableError}. */
  close(): Promise<void>;
}

/** Wraps a database. `busyTimeout`: how long a call waits for another process, in milliseconds. */
export function createConnection(database: DatabaseSync, busyTimeout: number): Connection {
  const writer = createWriter(database, busyTimeout);
  let closing: Promise<void> | undefined;

  /** Refuses what begins after closing: SQLite would throw an error that looks like a bug. */
  function assertOpen(): void {
    if (closing !== undefined) throw new StoreUnavailableError("The SQLite store is closed.");
  }

  async function shutDown(): Promise<void> {
    // Waiting writes are committed first, as their callers still wait for an answer.
    await writer.flush();
    database.close();
  }

  /** Reads that meet a lock are so few that only they pay for waiting. */
  async function readOnceFree<T>(work: () => T): Promise<T> {
    try {
      // Checked in every attempt: the store may be closed while a read waits.
      return await retryWhileBusy(() => {
        assertOpen();
        return work();
      }, busyTimeout);
    } catch (error) {
      throw toStoreError(error);
    }
  }

  return {
    database,
    async read(work) {
      assertOpen();
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw toStoreError(error);
      }
      return readOnceFree(work);
    },
    async write(work) {
      assertOpen();
      return writer.write(work);
    },
    close() {
      // A second call waits for the same closing.
      closing ??= shutDown();
      return closing;
    },
  };
}
