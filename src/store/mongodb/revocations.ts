import type { RevocationRecord, RevocationStore } from "../port.ts";
import type { Connection } from "./connection.ts";
import { prepareCount } from "./count.ts";
import type { RevocationRow } from "./rows.ts";
import { upsert } from "./upsert.ts";
import { clientOf, ownId, rowId, toBsonDate, toInstant } from "./values.ts";

/**
 * Prepares the revocation stores of tenants. A revocation is one upsert that only raises, so it can be repeated: a
 * crash leaves the previous one, which kills less, and whose caller was promised no more.
 */
export function prepareRevocations(connection: Connection): (tenant: string) => RevocationStore {
  const { bounded, deciding, run } = connection;
  const { revocations } = connection.collections;

  const count = prepareCount(connection, revocations, "expiresAt");

  async function raise(tenant: string, { id, notAfter, expiresAt, client }: RevocationRecord): Promise<void> {
    const raise = {
      // Two nodes may raise the same revocation in either order: the one that revokes more wins.
      $max: { notAfter: toBsonDate(notAfter), expiresAt: toBsonDate(expiresAt) },
      // Only at the first write: raising the row must not move it to another client's quota.
      ...(client !== undefined && { $setOnInsert: { client } }),
    };
    await upsert(() => revocations.updateOne({ _id: rowId(tenant, id), tenant }, raise, { ...bounded, upsert: true }));
  }

  /** A linearizable read guarantees that only for a single row, so each id is then read on its own, all at once. */
  async function find(tenant: string, ids: readonly string[]): Promise<readonly RevocationRecord[]> {
    const wanted = [...new Set(ids)].map((id) => rowId(tenant, id));
    const isOneByOne = deciding.readConcern.level === "linearizable";
    const queries = isOneByOne ? wanted.map((id) => [id]) : [wanted];
    const found = await Promise.all(queries.map((group) => findRows(tenant, group)));
    return found.flat().map(toRevocation);
  }

  /** Filters by the tenant although every `_id` contains it, so that no mistake in an id can cross tenants. */
  async function findRows(tenant: string, wanted: readonly string[]): Promise<readonly RevocationRow[]> {
    if (wanted.length === 0) return [];
    return revocations.find({ _id: { $in: wanted }, tenant }, deciding).toArray();
  }

  return (tenant) => ({
    raise: (record) => run(() => raise(tenant, record)),
    find: (ids) => run(() => find(tenant, ids)),
    count: count(tenant),
  });
}

/** Converts a stored row to the port's record. */
export function toRevocation(row: RevocationRow): RevocationRecord {
  return { id: ownId(row), notAfter: toInstant(row.notAfter), expiresAt: toInstant(row.expiresAt), ...clientOf(row) };
}
