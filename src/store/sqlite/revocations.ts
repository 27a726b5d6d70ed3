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

/**
 * How many ids one query finds: a token has fewer. A list in the statement takes half the time that an array of JSON takes,
 * which would serve any number of them.
 */
const IDS = 8;

/** A place that gets no id is NULL, which equals nothing. */
const FIND = `
  SELECT id, not_after, expires_at, client FROM revocations
  WHERE tenant = ? AND id IN (${Array(IDS).fill("?").join(", ")})`;

/** Prepares the statements; returns the revocation stores of tenants. */
export function prepareRevocations(connection: Connection): (tenant: string) => RevocationStore {
  const { database, read, write } = connection;
  const count = prepareCount(connection, "revocations", "expires_at");
  const raise = database.prepare(RAISE);
  const find = database.prepare(FIND);

  function findRows(tenant: string, ids: readonly string[]): readonly RevocationRecord[] {
    if (ids.length <= IDS) return find.all(tenant, ...ids).map(toRevocation);
    const distinct = [...new Set(ids)];
    const parts = Array.from({ length: Math.ceil(distinct.length / IDS) }, (_, part) =>
      distinct.slice(IDS * part, IDS * (part + 1)),
    );
    return parts.flatMap((part) => find.all(tenant, ...part).map(toRevocation));
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
