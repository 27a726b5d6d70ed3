import type { TallyStore } from "../port.ts";
import { number } from "./columns.ts";
import type { Connection } from "./connection.ts";

/** Returns the tally afterwards in the same statement: other processes add to it too. */
const ADD = `
  INSERT INTO tallies (tenant, id, count, expires_at) VALUES (:tenant, :id, :by, :expiresAt)
  ON CONFLICT (tenant, id) DO UPDATE SET count = count + excluded.count
  RETURNING count`;

/**
 * Prepares the statement; returns the tally stores of tenants. All additions of a call share one commit: a node adds once
 * a second what it has counted since.
 */
export function prepareTallies({ database, write }: Connection): (tenant: string) => TallyStore {
  const add = database.prepare(ADD);
  return (tenant) => ({
    add: (additions) => write(() => additions.map((addition) => number(add.get({ tenant, ...addition })?.count))),
  });
}
