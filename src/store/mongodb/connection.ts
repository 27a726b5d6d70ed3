import type { MongoClient, ReadConcern } from "mongodb";
import { StoreUnavailableError } from "../port.ts";
import { toStoreError } from "./errors.ts";
import type { Collections } from "./rows.ts";

/** The collections of an open database, and the only way to use them. */
export interface Connection {
  readonly collections: Collections;
  /** For every call: the server, too, gives up when the caller no longer waits. */
  readonly bounded: { readonly maxTimeMS: number };
  /** For reads that decide whether a token is valid: one row by its `_id`, or several with `majority`. */
  readonly deciding: { readonly maxTimeMS: number; readonly readConcern: ReadConcern };
  /** How long a call may take, in milliseconds. */
  readonly timeout: number;
  /** Throws {@link StoreUnavailableError} if the connection was closed. */
  assertOpen(): void;
  /** Runs `work`; throws {@link StoreUnavailableError} if it takes longer than the timeout. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Lets calls under way finish, then closes. Later calls are refused with a {@link StoreUnavailableError}. */
  close(): Promise<void>;
}

interface ConnectionOptions {
  readonly timeout: number;
  readonly readConcern: ReadConcern;
}

/** Makes the connection that all parts of the store share. */
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

  /** Bounds a call, and turns the driver's errors into the port's: no caller needs to know the driver. */
  async function begin<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await withinTime(work, timeout);
    } catch (error) {
      throw toStoreError(error);
    }
  }

  async function shutDown(): Promise<void> {
    // Closing under a write would leave its caller without an answer that the database has already given.
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
      // A second call waits for the same closing.
      closing ??= shutDown();
      return closing;
    },
  };
}

/** Closes the client. It notifies the server, which may be unreachable: hence the bound. */
export async function closeClient(client: MongoClient, timeout: number): Promise<void> {
  await withinTime(() => client.close(), timeout).catch(() => undefined);
}

/**
 * Runs `work`; throws {@link StoreUnavailableError} if it takes longer than that. The driver bounds only the parts of a
 * call, not the whole (its `timeoutMS` has no effect). Abandoned work may still finish.
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
    // Otherwise one timer for every call would stay until the timeout.
    clearTimeout(timer);
  }
}
