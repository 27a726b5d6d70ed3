import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../port.ts";
import { isUnavailable } from "./errors.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";

/** Gathers the writes of one moment into one commit, so that they share the one wait for the disk. */
interface Writer {
  /**
   * Runs `work` in the next commit; resolves to what it returned once the commit is durable. When `work` throws, its
   * caller alone is told: a statement that fails leaves nothing behind, so the others are committed all the same. When
   * the database cannot answer, nothing of the commit stays, and all its callers get a {@link StoreUnavailableError}.
   */
  write<T>(work: () => T): Promise<T>;
  /** Commits what waits without delay; resolves when all its callers have been answered. */
  flush(): Promise<void>;
}

interface Write {
  /** Does the work; returns how to answer its caller. */
  run(): () => void;
  reject(error: unknown): void;
}

/** `busyTimeout`: for how long a commit waits for another process's, in milliseconds. */
export function createWriter(database: DatabaseSync, busyTimeout: number): Writer {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");
  const queue: Write[] = [];

  async function flush(): Promise<void> {
    try {
      await retryWhileBusy(commitQueue, busyTimeout);
    } catch (cause) {
      rejectAll(queue.splice(0), cause);
    }
  }

  /** One turn of the event loop from begin to commit, so that nothing else ever runs inside the transaction. */
  function commitQueue(): void {
    if (queue.length === 0) return;
    begin.run();
    // What came while another process was in the way is taken along.
    const batch = queue.splice(0);
    try {
      const answers = batch.map(runAlone);
      commit.run();
      for (const answer of answers) answer();
    } catch (cause) {
      // SQLite has rolled back already after some errors of the disk.
      if (database.isTransaction) rollback.run();
      rejectAll(batch, cause);
    }
  }

  return {
    write(work) {
      return new Promise((resolve, reject) => {
        const run = () => {
          const value = work();
          return () => resolve(value);
        };
        // After the input of this turn was read, so that all requests that came together share a commit.
        if (queue.push({ run, reject }) === 1) setImmediate(flush);
      });
    },
    flush,
  };
}

/** Keeps an error that is one write's own from the others of its batch. */
function runAlone({ run, reject }: Write): () => void {
  try {
    return run();
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return () => reject(error);
  }
}

function rejectAll(batch: readonly Write[], cause: unknown): void {
  for (const { reject } of batch) reject(new StoreUnavailableError("The SQLite store could not commit.", { cause }));
}
