import type { ReferenceTokenRecord, ReferenceTokenStore } from "../port.ts";
import type { Connection } from "./connection.ts";
import { prepareCount } from "./count.ts";
import { createInserts } from "./inserts.ts";
import type { ReferenceTokenRow } from "./rows.ts";
import { clientOf, ownId, rowId, toBsonDate, toInstant } from "./values.ts";

/**
 * Prepares the reference token stores of tenants. A token is one insert, never changed. A crash may leave a row whose
 * handle nobody was given, so nobody can present it.
 */
export function prepareReferenceTokens(connection: Connection): (tenant: string) => ReferenceTokenStore {
  const { deciding, run } = connection;
  const { referenceTokens } = connection.collections;
  const insert = createInserts(referenceTokens, connection);
  const count = prepareCount(connection, referenceTokens, "expiresAt");
  return (tenant) => ({
    create: (token) => run(async () => insert(toRow(tenant, token))),
    find: (digest) =>
      run(async () => {
        // A deciding read: a row that only a minority has may be rolled back, and its token was called active.
        const row = await referenceTokens.findOne({ _id: rowId(tenant, digest), tenant }, deciding);
        return row === null ? undefined : toReferenceToken(row);
      }),
    count: count(tenant),
  });
}

/** Converts the port's record to a stored row, with a date for the TTL index. */
function toRow(tenant: string, { digest, claims, expiresAt, mac, client }: ReferenceTokenRecord): ReferenceTokenRow {
  return { _id: rowId(tenant, digest), tenant, claims, expiresAt: toBsonDate(expiresAt), mac, client };
}

/** Converts a stored row to the port's record. */
export function toReferenceToken(row: ReferenceTokenRow): ReferenceTokenRecord {
  return {
    digest: ownId(row),
    claims: row.claims,
    expiresAt: toInstant(row.expiresAt),
    mac: row.mac,
    ...clientOf(row),
  };
}
