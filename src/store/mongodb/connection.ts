import type { MongoClient, ReadConcern } from "mongodb";
import { StoreUnavailableError } from "../port.ts";
import { toStoreError } from "./errors.ts";
import type { Collections } from "./rows.ts";

/** The collections of an open database, and the way to use them. */
export interface Connection {
  readonly collections: Collections;
  /** For every call: the server, too, gives up what its caller no longer waits for. */
  readonly bounded: { readonly maxTimeMS: number };
  /** For reads that decide whether a token is good: always one row by its `_id`, or several with `majority`. */
  readonly deciding: { readonly maxTimeMS: number; readonly readConcern: ReadConcern };
  /** How long a call may take, in milliseconds. */
  readonly timeout: number;
  /** Throws {@link StoreUnavailableError} once it was closed. */
  assertOpen(): void;
  /** Does work; throws {@link StoreUnavailableError} if it takes longer than the timeout. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Lets what was begun end, then closes. What comes after it is refused with a {@link StoreUnavailableError}. */
  close(): Promise<void>;
}

interface ConnectionOptions {
  readonly timeout: number;
  readonly readConcern: ReadConcern;
}

/** Makes the one way to the database that all parts of the store share. */
export function createConnection(
  client: MongoClient,
  collections: Collections,
  { timeout, readConcern }: ConnectionOptions,
): Connection {
  const underWay = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  function assertOpen(): void {
    if (closing !== undefined) throw new StoreUnavailableError("The MongoDB store is closed.");
  }

  async function begin<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await withinTime(work, timeout);
    } catch (error) {
      throw toStoreError(error);
    }
  }

  async function shutDown(): Promise<void> {
    await Promise.allSettled(underWay);
    await closeClient(client, timeout);
  }

  return {
    collections,
    bounded: { maxTimeMS: timeout },
    deciding: { maxTimeMS: timeout, readConcern },
    timeout,
    assertOpen,
    async run(work) {
      assertOpen();
      const answer = begin(work);
      underWay.add(answer);
      try {
        return await answer;
      } finally {
        underWay.delete(answer);
      }
    },
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

/** Closes the client. It says good-bye to the server, which may be too far away to hear it. */
export async function closeClient(client: MongoClient, timeout: number): Promise<void> {
  await withinTime(() => client.close(), timeout).catch(() => undefined);
}

/**
 * Does work; throws {@link StoreUnavailableError} once it takes longer than so many milliseconds. The driver has no
 * bound for a whole call (its `timeoutMS` has no effect), only for the parts of it. Work that was given up may go on.
 */
export async function withinTime<T>(work: () => Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StoreUnavailableError("The MongoDB store did not answer in time."));
    }, milliseconds);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
