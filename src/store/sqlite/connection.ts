import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../port.ts";
import { toStoreError } from "./errors.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";
import { createWriter } from "./writer.ts";

/** An open database, and the only ways to use it. */
export interface Connection {
  /** To prepare statements with, once. */
  readonly database: DatabaseSync;
  /** Runs what reads. */
  read<T>(work: () => T): Promise<T>;
  /** Runs what writes, in one commit with the other writes of the moment. */
  write<T>(work: () => T): Promise<T>;
  /** Commits what waits, then closes. What comes after it is refused with a {@link StoreUnavailableError}. */
  close(): Promise<void>;
}

/** `busyTimeout`: for how long a call waits for another process, in milliseconds. */
export function createConnection(database: DatabaseSync, busyTimeout: number): Connection {
  const writer = createWriter(database, busyTimeout);
  let closing: Promise<void> | undefined;

  function assertOpen(): void {
    if (closing !== undefined) throw new StoreUnavailableError("The SQLite store is closed.");
  }

  async function shutDown(): Promise<void> {
    await writer.flush();
    database.close();
  }

  return {
    database,
    async read(work) {
      try {
        return await retryWhileBusy(() => {
          assertOpen();
          return work();
        }, busyTimeout);
      } catch (error) {
        throw toStoreError(error);
      }
    },
    async write(work) {
      assertOpen();
      return writer.write(work);
    },
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}
