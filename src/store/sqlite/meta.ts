import type { MetaStore } from "../port.ts";
import { number } from "./columns.ts";
import type { Connection } from "./connection.ts";

/** Returns the number afterwards in the same statement: another process may have raised it further. */
const RAISE = `
  INSERT INTO meta (tenant, name, value) VALUES (:tenant, :name, :value)
  ON CONFLICT (tenant, name) DO UPDATE SET value = max(value, excluded.value)
  RETURNING value`;

/** A number that was never raised has no row. */
const READ = "SELECT value FROM meta WHERE tenant = :tenant AND name = :name";

/**
 * Prepares the statements; returns the meta stores of tenants. A number only rises, so a call can be repeated, and the
 * order in which processes raise it does not matter.
 */
export function prepareMeta({ database, read, write }: Connection): (tenant: string) => MetaStore {
  const raise = database.prepare(RAISE);
  const find = database.prepare(READ);
  return (tenant) => ({
    raise: (name, value) => write(() => number(raise.get({ tenant, name, value })?.value)),
    read: (name) =>
      read(() => {
        const row = find.get({ tenant, name });
        return row && number(row.value);
      }),
  });
}
