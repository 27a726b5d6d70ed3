import type { Instant } from "../../base/clock.ts";
import { number } from "./columns.ts";
import type { Connection } from "./connection.ts";

/** Counts a client's rows that have not ended at a moment, up to a number. */
type Count = (client: string, now: Instant, most: number) => Promise<number>;

/**
 * Counts in a table whose rows end by that column. It names its index: SQLite may take that of another column for as good,
 * and looks at every row of the tenant then.
 */
export function countQuery(table: string, endColumn: string): string {
  return `
    SELECT count(*) AS rows FROM
      (SELECT 1 FROM ${table} INDEXED BY ${table}_by_client
       WHERE tenant = :tenant AND client = :client AND ${endColumn} > :now LIMIT :most)`;
}

/** Prepares the count of a table whose rows end by that column; returns what makes a tenant's of it. */
export function prepareCount(
  { database, read }: Connection,
  table: string,
  endColumn: string,
): (tenant: string) => Count {
  const count = database.prepare(countQuery(table, endColumn));
  return (tenant) => (client, now, most) => read(() => number(count.get({ tenant, client, now, most })?.rows));
}
