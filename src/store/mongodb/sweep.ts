import type { Store } from "../port.ts";
import { sharesOf } from "../shares.ts";
import type { Connection } from "./connection.ts";
import type { Ending } from "./rows.ts";

/**
 * Returns the store's `sweep`. TTL indexes do the same if the server supports them. Expired rows that remain are
 * harmless: nobody takes them for alive.
 */
export function prepareSweep({ collections, bounded, run }: Connection): Store["sweep"] {
  /** Deletes the oldest rows. Finds them first, as a delete has no limit of its own. */
  async function sweepOne({ collection, field }: Ending, over: object, limit: number): Promise<number> {
    const oldest = { ...bounded, projection: { _id: 1 }, sort: { [field]: 1 }, limit, batchSize: limit } as const;
    const rows = await collection.find(over, oldest).toArray();
    if (rows.length === 0) return 0;
    // The time is in the filter again: a revocation may have been raised in between.
    await collection.deleteMany({ ...over, _id: { $in: rows.map(({ _id }) => _id) } }, bounded);
    // Counts rows that another node deleted in the meantime too: a smaller number would mean that no more have expired.
    return rows.length;
  }

  return (now, limit) =>
    run(async () => {
      let left = limit;
      for (const { of: ending, share } of sharesOf(collections.ending)) {
        // MongoDB compares dates only with dates, so rows kept FOREVER never expire. A limit of 0 would mean no limit.
        if (left > 0) left -= await sweepOne(ending, { [ending.field]: { $lt: new Date(now) } }, share(left));
      }
      return limit - left;
    });
}
