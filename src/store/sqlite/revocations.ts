import type { SQLOutputValue } from "node:sqlite";
import type { RevocationRecord, RevocationStore } from "../port.ts";
import { number, text } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { prepareCount } from "./count.ts";

/**
 * Writes a revocation or raises an existing one, in one statement. Neither time ever goes back, so writes may arrive
 * late, twice or in any order. `client` stays the first one, to whose quota the row counts.
 */
const RAISE = `
  INSERT INTO revocations (tenant, id, not_after, expires_at, client)
  VALUES (:tenant, :id, :notAfter, :expiresAt, :client)
  ON CONFLICT (tenant, id) DO UPDATE SET
    not_after = max(not_after, excluded.not_after), expires_at = max(expires_at, excluded.expires_at)`;

/** How many ids one query finds: most tokens have fewer. */
const IDS = 8;

/** Finds so many ids, which must differ. One look-up for each takes two thirds of the time that a list with `IN` takes. */
const findOf = (ids: number) =>
  Array.from(
    { length: ids },
    (_, id) => `SELECT id, not_after, expires_at, client FROM revocations WHERE tenant = ?1 AND id = ?${id + 2}`,
  ).join(" UNION ALL ");

/** Prepares the statements; returns the revocation stores of tenants. */
export function prepareRevocations(connection: Connection): (tenant: string) => RevocationStore {
  const { database, read, write } = connection;
  const count = prepareCount(connection, "revocations", "expires_at");
  const raise = database.prepare(RAISE);
  const finds = Array.from({ length: IDS }, (_, index) => database.prepare(findOf(index + 1)));

  function findRows(tenant: string, ids: readonly string[]): readonly RevocationRecord[] {
    const distinct = [...new Set(ids)];
    const rows: RevocationRecord[] = [];
    for (let at = 0; at < distinct.length; at += IDS) {
      const part = distinct.slice(at, at + IDS);
      for (const row of finds[part.length - 1]?.all(tenant, ...part) ?? []) rows.push(toRevocation(row));
    }
    return rows;
  }

  return (tenant) => ({
    raise: (record) =>
      write(() => {
        raise.run({ ...record, tenant, client: record.client ?? null });
      }),
    find: (ids) => read(() => findRows(tenant, ids)),
    count: count(tenant),
  });
}

/** Converts a row of the table to the port's record. */
export function toRevocation(row: Record<string, SQLOutputValue>): RevocationRecord {
  return {
    id: text(row.id),
    notAfter: number(row.not_after),
    expiresAt: number(row.expires_at),
    ...(row.client !== null && { client: text(row.client) }),
  };
}
