import type { Collection } from "mongodb";
import type { Instant } from "../../base/clock.ts";
import type { Connection } from "./connection.ts";
import { toBsonDate } from "./values.ts";

/** Counts a client's rows that have not expired at `now`, up to `most`. */
type Count = (client: string, now: Instant, most: number) => Promise<number>;

/**
 * Prepares the count of a collection whose rows expire by that field; returns a function from a tenant to its count. It
 * stops at `most`, so that a client with many rows costs no more than one at its quota.
 */
export function prepareCount<Row extends object>(
  { bounded, run }: Pick<Connection, "bounded" | "run">,
  collection: Pick<Collection<Row>, "countDocuments">,
  field: string,
): (tenant: string) => Count {
  return (tenant) => (client, now, most) =>
    run(async () => {
      // Rows that are kept FOREVER have no date there, and so count towards nobody's quota.
      const filter = { tenant, client, [field]: { $gt: toBsonDate(now) } };
      return collection.countDocuments(filter as never, { ...bounded, limit: most });
    });
}
