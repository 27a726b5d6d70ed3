import { MongoBulkWriteError } from "mongodb";
import type { Addition, TallyStore } from "../port.ts";
import type { Connection } from "./connection.ts";
import { isDuplicate } from "./errors.ts";
import { rowId, toBsonDate } from "./values.ts";

/** How often an addition is tried: the second try already finds the row that won the first. */
const TRIES = 3;

/**
 * Prepares the tally stores of tenants. What may have been added is not added again, unless it is the only addition of a call
 * to a server that cannot tell the driver's second try from the first: after a fault a tally may be behind.
 */
export function prepareTallies({ collections: { tallies }, bounded, run }: Connection): (tenant: string) => TallyStore {
  async function add(tenant: string, additions: readonly Addition[]): Promise<readonly number[]> {
    const [only, second] = additions;
    if (only !== undefined && second === undefined && (await begin(tenant, only))) return [only.by];
    for (let left = additions, tries = 1; left.length > 0; tries++) left = await addOnce(tenant, left, tries === TRIES);
    const ids = additions.map(({ id }) => rowId(tenant, id));
    const rows = await tallies.find({ _id: { $in: ids }, tenant }, bounded).toArray();
    const counts = new Map(rows.map(({ _id, count }) => [_id, count]));
    return ids.map((id) => counts.get(id) ?? 0);
  }

  /** Inserts the row; resolves to whether it was not there yet. Of several at once, one inserts it. */
  async function begin(tenant: string, { id, by, expiresAt }: Addition): Promise<boolean> {
    try {
      const row = { _id: rowId(tenant, id), tenant, count: by, expiresAt: toBsonDate(expiresAt) };
      await tallies.insertOne(row, bounded);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /**
   * Resolves to the additions that certainly failed: of several concurrent upserts of a row that does not exist, one
   * inserts it, and the others may fail because it exists now.
   */
  async function addOnce(
    tenant: string,
    additions: readonly Addition[],
    isLast: boolean,
  ): Promise<readonly Addition[]> {
    const updates = additions.map(({ id, by, expiresAt }) => ({
      updateOne: {
        filter: { _id: rowId(tenant, id), tenant },
        update: { $inc: { count: by }, $setOnInsert: { expiresAt: toBsonDate(expiresAt) } },
        upsert: true,
      },
    }));
    try {
      await tallies.bulkWrite(updates, { ...bounded, ordered: false });
      return [];
    } catch (error) {
      if (isLast || !(error instanceof MongoBulkWriteError)) throw error;
      const failed = new Set([error.writeErrors].flat().map(({ index }) => index));
      if (failed.size === 0) throw error;
      return additions.filter((_, index) => failed.has(index));
    }
  }

  return (tenant) => ({ add: (additions) => run(() => add(tenant, additions)) });
}
