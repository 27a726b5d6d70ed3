import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../port.ts";
import { isUnavailable } from "./errors.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";

/** Gathers writes that arrive together into one commit, so that they share one wait for the disk. */
interface Writer {
  /**
   * Runs `work` in the next commit, and resolves to its result once the commit is durable. If `work` throws, only its
   * caller is told: a failed statement leaves nothing behind, so the others are still committed. If the database cannot
   * answer, the whole commit is rolled back, and all its callers get a {@link StoreUnavailableError}.
   */
  write<T>(work: () => T): Promise<T>;
  /** Commits the waiting writes at once; resolves when all their callers have been answered. */
  flush(): Promise<void>;
}

interface Write {
  /** Runs the work; returns a function that answers its caller. */
  run(): () => void;
  reject(error: unknown): void;
}

/** Makes the writer of a database. `busyTimeout`: how long a commit waits for another process, in milliseconds. */
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

  /** From begin to commit in one turn of the event loop, so that nothing else can run inside the transaction. */
  function commitQueue(): void {
    if (queue.length === 0) return;
    begin.run();
    // Taken after BEGIN: writes that arrived while another process held the lock join this commit.
    const batch = queue.splice(0);
    try {
      const answers = batch.map(runAlone);
      commit.run();
      // Only now: nobody is told of a write before it is durable.
      for (const answer of answers) answer();
    } catch (cause) {
      // After some disk errors SQLite has already rolled back.
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
        // After all input of this turn of the event loop was read, so that requests that arrived together share a
        // commit.
        if (queue.push({ run, reject }) === 1) setImmediate(flush);
      });
    },
    flush,
  };
}

/** Keeps a write's own error from the others of its batch. */
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
