import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { FamilyRecord, FamilyStore } from "../port.ts";
import { changed, number, optional, text } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { prepareCount } from "./count.ts";

const CREATE = `
  INSERT INTO families (tenant, id, client, namespace, subject, generation, rotated_at, mark, minted_at, revoked_at,
    expires_at, purge_at, decision, mac)
  VALUES (:tenant, :id, :client, :namespace, :subject, :generation, :rotatedAt, :attemptId, :mintedAt, :revokedAt,
    :expiresAt, :purgeAt, :decision, :mac)`;

const FIND = "SELECT * FROM families WHERE tenant = :tenant AND id = :id";

const ADVANCE = `
  UPDATE families SET generation = :to, rotated_at = :at, mark = :attemptId, expires_at = :expiresAt,
    purge_at = max(purge_at, :purgeAt)
  WHERE tenant = :tenant AND id = :id AND generation <= :from AND revoked_at IS NULL`;

const RECONCILE = `
  UPDATE families SET rotated_at = max(rotated_at, :rotatedAt), purge_at = max(purge_at, :purgeAt)
  WHERE tenant = :tenant AND id = :id AND mark = :attemptId`;

const REVOKE = "UPDATE families SET revoked_at = :at WHERE tenant = :tenant AND id = :id AND revoked_at IS NULL";

/** Prepares the statements; returns what makes a tenant's {@link FamilyStore} of them. */
export function prepareFamilies(connection: Connection): (tenant: string) => FamilyStore {
  const { database, read, write } = connection;
  const count = prepareCount(connection, "families", "purge_at");
  const create = database.prepare(CREATE);
  const find = database.prepare(FIND);
  const advance = database.prepare(ADVANCE);
  const reconcile = database.prepare(RECONCILE);
  const revoke = database.prepare(REVOKE);

  function findRow(tenant: string, id: string): FamilyRecord | undefined {
    const row = find.get({ tenant, id });
    return row && toFamily(row);
  }

  return (tenant) => ({
    create: (family) =>
      write(() => {
        create.run({ ...toParameters(family), tenant });
      }),
    find: (id) => read(() => findRow(tenant, id)),
    // The row in the way is read in the same transaction: it is the one that the update met.
    advance: (id, step) =>
      write(() => (changed(advance.run({ ...step, tenant, id })) ? "advanced" : findRow(tenant, id))),
    reconcile: (id, attemptId, rotatedAt, purgeAt) =>
      write(() => changed(reconcile.run({ tenant, id, attemptId, rotatedAt, purgeAt }))),
    count: count(tenant),
    revoke: (id, at) => write(() => changed(revoke.run({ tenant, id, at }))),
  });
}

function toParameters(family: FamilyRecord): Record<string, SQLInputValue> {
  return {
    ...family,
    namespace: family.namespace ?? null,
    subject: family.subject ?? null,
    revokedAt: family.revokedAt ?? null,
    mac: family.mac ?? null,
  };
}

/** A row of the table as the port has it. */
export function toFamily(row: Record<string, SQLOutputValue>): FamilyRecord {
  return {
    id: text(row.id),
    client: text(row.client),
    namespace: optional(row.namespace, text),
    subject: optional(row.subject, text),
    generation: number(row.generation),
    rotatedAt: number(row.rotated_at),
    attemptId: text(row.mark),
    mintedAt: number(row.minted_at),
    revokedAt: optional(row.revoked_at, number),
    expiresAt: number(row.expires_at),
    purgeAt: number(row.purge_at),
    decision: text(row.decision),
    mac: optional(row.mac, text),
  };
}
