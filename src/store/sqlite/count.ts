import type { Instant } from "../../base/clock.ts";
import { number } from "./columns.ts";
import type { Connection } from "./connection.ts";

/** Counts a client's rows that have not expired at `now`, up to `most`. */
type Count = (client: string, now: Instant, most: number) => Promise<number>;

/**
 * A query that counts in a table whose rows expire by that column. It names its index: SQLite may otherwise prefer
 * another column's, and then reads every row of the tenant.
 */
export function countQuery(table: string, endColumn: string): string {
  return `
    SELECT count(*) AS rows FROM
      (SELECT 1 FROM ${table} INDEXED BY ${table}_by_client
       WHERE tenant = :tenant AND client = :client AND ${endColumn} > :now LIMIT :most)`;
}

/** Prepares the count of a table whose rows expire by that column; returns a function from a tenant to its count. */
export function prepareCount(
  { database, read }: Connection,
  table: string,
  endColumn: string,
): (tenant: string) => Count {
  const count = database.prepare(countQuery(table, endColumn));
  return (tenant) => (client, now, most) => read(() => number(count.get({ tenant, client, now, most })?.rows));
}
