import { type Collection, MongoBulkWriteError, type OptionalUnlessRequiredId } from "mongodb";
import { StoreUnavailableError } from "../port.ts";
import { type Connection, withinTime } from "./connection.ts";
import { DUPLICATE_KEY, isUnavailable } from "./errors.ts";

/** The most rows in one batch: far below the longest message that MongoDB takes. */
const MAX_BATCH = 500;

/** A row that waits to be written, and how to answer its caller. */
interface Waiting<Row> {
  readonly row: OptionalUnlessRequiredId<Row>;
  /** When its caller stops waiting, by `performance.now()`. */
  readonly until: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Gathers inserts into one unordered batch; the next batch leaves once that one is answered. Returns a function that
 * inserts a row, which resolves once the row is durable. A row whose `_id` already exists fails alone.
 */
export function createInserts<Row extends { readonly _id: string }>(
  collection: Pick<Collection<Row>, "insertMany">,
  { timeout, bounded }: Pick<Connection, "timeout" | "bounded">,
): (row: OptionalUnlessRequiredId<Row>) => Promise<void> {
  const queue: Waiting<Row>[] = [];
  let sending = false;

  async function sendAll(): Promise<void> {
    while (queue.length > 0) {
      const now = performance.now();
      // A caller who stopped waiting got an error from the connection: better not to write its row.
      const batch = queue.splice(0, MAX_BATCH).filter(({ until }) => until > now);
      if (batch.length > 0) await send(batch);
    }
    sending = false;
  }

  async function send(batch: readonly Waiting<Row>[]): Promise<void> {
    const rows = batch.map(({ row }) => row);
    try {
      // An answer that never comes must not hold up the next batch.
      await withinTime(
        () => collection.insertMany(rows, { ...bounded, ordered: false, ignoreUndefined: true }),
        timeout,
      );
      for (const { resolve } of batch) resolve();
    } catch (error) {
      await answer(batch, error);
    }
  }

  async function answer(batch: readonly Waiting<Row>[], error: unknown): Promise<void> {
    const refusals = refusalsOf(error, batch.length);
    if (refusals !== undefined) {
      for (const [index, { resolve, reject }] of batch.entries()) {
        const refusal = refusals.get(index);
        if (refusal === undefined) resolve();
        else reject(refusal);
      }
    } else if (isUnavailable(error) || batch.length === 1) {
      // Which rows were written is unknown, so no caller may hear that its row is durable.
      for (const { reject } of batch) reject(error);
    } else {
      // One of the rows cannot be sent at all, so none was: each is sent on its own.
      for (const one of batch) await send([one]);
    }
  }

  return (row) =>
    new Promise((resolve, reject) => {
      queue.push({ row, until: performance.now() + timeout, resolve, reject });
      if (sending) return;
      sending = true;
      // After all input of this turn of the event loop was read, so that requests that arrived together share a batch.
      setImmediate(sendAll);
    });
}

/** The errors of refused rows by their index; undefined unless all other rows are certainly durable. */
function refusalsOf(error: unknown, count: number): ReadonlyMap<number, Error> | undefined {
  if (!(error instanceof MongoBulkWriteError)) return undefined;
  const refused = error.result.getWriteErrors();
  // Every row is either refused or counted as inserted, and a majority has those: nothing is left in doubt.
  const isCertain = error.result.getWriteConcernError() === undefined && error.insertedCount + refused.length === count;
  if (!isCertain) return undefined;
  return new Map(refused.map(({ index, code, errmsg }) => [index, refusal(code, errmsg)]));
}

/** The driver's own error contains the rows. */
function refusal(code: number, message: string | undefined): Error {
  if (code === DUPLICATE_KEY) return new Error("A row with this id already exists.");
  return new StoreUnavailableError("The MongoDB store refused a row.", { cause: new Error(message) });
}
