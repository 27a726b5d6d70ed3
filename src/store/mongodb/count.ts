import type { Collection } from "mongodb";
import type { Instant } from "../../base/clock.ts";
import type { Connection } from "./connection.ts";
import { toMoment } from "./values.ts";

/** Counts a client's rows that have not ended at a moment, up to a number. */
type Count = (client: string, now: Instant, most: number) => Promise<number>;

/** Returns what makes a tenant's count of a collection whose rows end by that field. */
export function prepareCount<Row extends object>(
  { bounded, run }: Pick<Connection, "bounded" | "run">,
  collection: Pick<Collection<Row>, "countDocuments">,
  field: string,
): (tenant: string) => Count {
  return (tenant) => (client, now, most) =>
    run(async () => {
      // What is kept FOREVER is no date, and counts for nobody.
      const filter = { tenant, client, [field]: { $gt: toMoment(now) } };
      return collection.countDocuments(filter as never, { ...bounded, limit: most });
    });
}
