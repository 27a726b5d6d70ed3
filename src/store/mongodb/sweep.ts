import type { Store } from "../port.ts";
import { sharesOf } from "../shares.ts";
import type { Connection } from "./connection.ts";
import type { Ending } from "./rows.ts";

/**
 * Returns the store's `sweep`. TTL indexes do the same if the server has them; a crash leaves rows whose time is
 * over, which no one treats as alive.
 */
export function prepareSweep({ collections, bounded, run }: Connection): Store["sweep"] {
  /** Deletes the oldest. It looks for them first, for a delete has no limit of its own. */
  async function sweepOne({ collection, field }: Ending, over: object, limit: number): Promise<number> {
    const oldest = { ...bounded, projection: { _id: 1 }, sort: { [field]: 1 }, limit, batchSize: limit } as const;
    const rows = await collection.find(over, oldest).toArray();
    if (rows.length === 0) return 0;
    // The moment is in the filter again: a revocation may have been raised in between.
    await collection.deleteMany({ ...over, _id: { $in: rows.map(({ _id }) => _id) } }, bounded);
    // Those too that another node has deleted meanwhile: fewer would say that no more are over.
    return rows.length;
  }

  return (now, limit) =>
    run(async () => {
      let left = limit;
      for (const { of: ending, share } of sharesOf(collections.ending)) {
        // A date is compared with dates alone, so that what is kept FOREVER is never over. A limit of 0 would be none.
        if (left > 0) left -= await sweepOne(ending, { [ending.field]: { $lt: new Date(now) } }, share(left));
      }
      return limit - left;
    });
}
