import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { FamilyRecord, FamilyStore } from "../port.ts";
import { changed, number, optional, text } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { prepareCount } from "./count.ts";

/** A new grant. Its id is random: that there is one already is a fault, and the primary key says so. */
const CREATE = `
  INSERT INTO families (tenant, id, client, namespace, subject, generation, rotated_at, mark, minted_at, revoked_at,
    expires_at, purge_at, decision, mac)
  VALUES (:tenant, :id, :client, :namespace, :subject, :generation, :rotatedAt, :attemptId, :mintedAt, :revokedAt,
    :expiresAt, :purgeAt, :decision, :mac)`;

const FIND = "SELECT * FROM families WHERE tenant = :tenant AND id = :id";

/**
 * The step from one refresh token to the next, in one statement, so that of any number of callers one moves the row. What
 * is late, `:from` being behind, moves nothing; a row that is behind its token came from a back-up and is moved. The row is
 * kept for as long as any attempt needs it, so that `purge_at` only grows.
 */
const ADVANCE = `
  UPDATE families SET generation = :to, rotated_at = :at, mark = :attemptId, expires_at = :expiresAt,
    purge_at = max(purge_at, :purgeAt)
  WHERE tenant = :tenant AND id = :id AND generation <= :from AND revoked_at IS NULL`;

/**
 * Counts the attempt that is in the row as one of now. Nothing of it goes back: another node may have reconciled it already,
 * with a later clock.
 */
const RECONCILE = `
  UPDATE families SET rotated_at = max(rotated_at, :rotatedAt), purge_at = max(purge_at, :purgeAt)
  WHERE tenant = :tenant AND id = :id AND mark = :attemptId`;

/** The first end stays: it says since when the grant is dead. */
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

/** SQLite has null for what is undefined. */
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
