import { type Collection, MongoBulkWriteError, type OptionalUnlessRequiredId } from "mongodb";
import { StoreUnavailableError } from "../port.ts";
import { type Connection, withinTime } from "./connection.ts";
import { DUPLICATE_KEY, isUnavailable } from "./errors.ts";

/** How many rows go out at once at most: few enough that they are far below the longest message. */
const MAX_BATCH = 500;

/** A row that waits to be written, and its caller. */
interface Waiting<Row> {
  readonly row: OptionalUnlessRequiredId<Row>;
  /** When its caller no longer waits, by `performance.now()`. */
  readonly until: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Gathers the inserts of one moment into one unordered batch; the next batch leaves once that one was answered. Returns
 * what inserts a row: it resolves once the row is durable. A row whose `_id` is there already fails alone.
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
      // A caller who no longer waits was told so by the connection: better that its row is not written.
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
      for (const { reject } of batch) reject(error);
    } else {
      // One of the rows cannot be sent at all, so that none was: each goes alone.
      for (const one of batch) await send([one]);
    }
  }

  return (row) =>
    new Promise((resolve, reject) => {
      queue.push({ row, until: performance.now() + timeout, resolve, reject });
      if (sending) return;
      sending = true;
      // After the input of this turn was read, so that all requests that came together share a batch.
      setImmediate(sendAll);
    });
}

/** Why which rows of a batch were refused; undefined unless it is certain that all the others are durable. */
function refusalsOf(error: unknown, count: number): ReadonlyMap<number, Error> | undefined {
  if (!(error instanceof MongoBulkWriteError)) return undefined;
  const refused = error.result.getWriteErrors();
  const isCertain = error.result.getWriteConcernError() === undefined && error.insertedCount + refused.length === count;
  if (!isCertain) return undefined;
  return new Map(refused.map(({ index, code, errmsg }) => [index, refusal(code, errmsg)]));
}

/** The driver's own error has the rows in it. */
function refusal(code: number, message: string | undefined): Error {
  if (code === DUPLICATE_KEY) return new Error("A row with this id is there already.");
  return new StoreUnavailableError("The MongoDB store did not take a row.", { cause: new Error(message) });
}
