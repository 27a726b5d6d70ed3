import type { SQLOutputValue } from "node:sqlite";
import type { ReferenceTokenRecord, ReferenceTokenStore } from "../port.ts";
import { number, optional, text } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { prepareCount } from "./count.ts";

/** Stored by the digest of the handle: whoever reads the database cannot use what it finds. */
const CREATE = `
  INSERT INTO reference_tokens (tenant, digest, claims, expires_at, mac, client)
  VALUES (:tenant, :digest, :claims, :expiresAt, :mac, :client)`;

/** Finds expired rows too: the caller checks expiry, as the sweeper may be behind. */
const FIND = "SELECT * FROM reference_tokens WHERE tenant = ? AND digest = ?";

/**
 * Prepares the statements; returns the reference token stores of tenants. A row is never changed: what revokes a
 * reference token stands in the table of revocations.
 */
export function prepareReferenceTokens(connection: Connection): (tenant: string) => ReferenceTokenStore {
  const { database, read, write } = connection;
  const count = prepareCount(connection, "reference_tokens", "expires_at");
  const create = database.prepare(CREATE);
  const find = database.prepare(FIND);
  return (tenant) => ({
    create: (token) =>
      write(() => {
        create.run({ ...token, tenant, mac: token.mac ?? null, client: token.client ?? null });
      }),
    find: (digest) =>
      read(() => {
        const row = find.get(tenant, digest);
        return row && toReferenceToken(row);
      }),
    count: count(tenant),
  });
}

/** Converts a row of the table to the port's record. */
export function toReferenceToken(row: Record<string, SQLOutputValue>): ReferenceTokenRecord {
  return {
    digest: text(row.digest),
    claims: text(row.claims),
    expiresAt: number(row.expires_at),
    mac: optional(row.mac, text),
    ...(row.client !== null && { client: text(row.client) }),
  };
}
