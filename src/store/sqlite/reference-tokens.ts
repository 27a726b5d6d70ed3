import type { SQLOutputValue } from "node:sqlite";
import type { ReferenceTokenRecord, ReferenceTokenStore } from "../port.ts";
import { number, optional, text } from "./columns.ts";
import type { Connection } from "./connection.ts";

const CREATE = `
  INSERT INTO reference_tokens (tenant, digest, claims, expires_at, mac)
  VALUES (:tenant, :digest, :claims, :expiresAt, :mac)`;

const FIND = "SELECT digest, claims, expires_at, mac FROM reference_tokens WHERE tenant = :tenant AND digest = :digest";

/** Prepares the statements; returns what makes a tenant's {@link ReferenceTokenStore} of them. */
export function prepareReferenceTokens({ database, read, write }: Connection): (tenant: string) => ReferenceTokenStore {
  const create = database.prepare(CREATE);
  const find = database.prepare(FIND);
  return (tenant) => ({
    create: (token) =>
      write(() => {
        create.run({ ...token, tenant, mac: token.mac ?? null });
      }),
    find: (digest) =>
      read(() => {
        const row = find.get({ tenant, digest });
        return row && toReferenceToken(row);
      }),
  });
}

export function toReferenceToken(row: Record<string, SQLOutputValue>): ReferenceTokenRecord {
  return {
    digest: text(row.digest),
    claims: text(row.claims),
    expiresAt: number(row.expires_at),
    mac: optional(row.mac, text),
  };
}
