import type { SQLInputValue } from "node:sqlite";
import type { FamilyRecord, FamilyStore } from "../port.ts";
import { changed } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { prepareCount } from "./count.ts";
import { prepareFamilyList } from "./family-list.ts";
import { toFamily } from "./family-row.ts";

/** Writes a new grant. Its id is random, so an existing one is a bug, which the primary key reports. */
const CREATE = `
  INSERT INTO families (tenant, id, client, namespace, subject, generation, rotated_at, mark, minted_at, revoked_at,
    expires_at, purge_at, decision, mac)
  VALUES (:tenant, :id, :client, :namespace, :subject, :generation, :rotatedAt, :attemptId, :mintedAt, :revokedAt,
    :expiresAt, :purgeAt, :decision, :mac)`;

/** Finds revoked and expired rows too: the engine judges them, and reuse of their refresh tokens must be noticed. */
const FIND = "SELECT * FROM families WHERE tenant = ? AND id = ?";

/**
 * The step from one refresh token to the next, in one statement: of any number of callers, one moves the row. A late
 * attempt, whose `:from` is behind, moves nothing; a row that is behind its token was restored from a backup, and is
 * moved. `purge_at` only grows, so the row is kept for as long as any attempt needs it.
 */
const ADVANCE = `
  UPDATE families SET generation = :to, rotated_at = :at, mark = :attemptId, expires_at = :expiresAt,
    purge_at = max(purge_at, :purgeAt)
  WHERE tenant = :tenant AND id = :id AND generation <= :from AND revoked_at IS NULL`;

/**
 * Makes the attempt in the row count as one of now. Nothing goes back: another node with a later clock may already have
 * reconciled it.
 */
const RECONCILE = `
  UPDATE families SET rotated_at = max(rotated_at, :rotatedAt), purge_at = max(purge_at, :purgeAt)
  WHERE tenant = :tenant AND id = :id AND mark = :attemptId`;

/** Keeps the first revocation, which says since when the grant is dead. */
const REVOKE = "UPDATE families SET revoked_at = :at WHERE tenant = :tenant AND id = :id AND revoked_at IS NULL";

/** Prepares the statements; returns the family stores of tenants. */
export function prepareFamilies(connection: Connection): (tenant: string) => FamilyStore {
  const { database, read, write } = connection;
  const count = prepareCount(connection, "families", "purge_at");
  const list = prepareFamilyList(connection);
  const create = database.prepare(CREATE);
  const find = database.prepare(FIND);
  const advance = database.prepare(ADVANCE);
  const reconcile = database.prepare(RECONCILE);
  const revoke = database.prepare(REVOKE);

  function findRow(tenant: string, id: string): FamilyRecord | undefined {
    const row = find.get(tenant, id);
    return row && toFamily(row);
  }

  return (tenant) => ({
    create: (family) =>
      write(() => {
        create.run({ ...toParameters(family), tenant });
      }),
    find: (id) => read(() => findRow(tenant, id)),
    findAll: (ids) => read(() => [...new Set(ids)].flatMap((id) => findRow(tenant, id) ?? [])),
    list: list(tenant),
    // The row is read in the same transaction, so it is the one that prevented the update.
    advance: (id, step) =>
      write(() => (changed(advance.run({ ...step, tenant, id })) ? "advanced" : findRow(tenant, id))),
    reconcile: (id, attemptId, rotatedAt, purgeAt) =>
      write(() => changed(reconcile.run({ tenant, id, attemptId, rotatedAt, purgeAt }))),
    count: count(tenant),
    revoke: (id, at) => write(() => changed(revoke.run({ tenant, id, at }))),
  });
}

/** Replaces undefined by null, which SQLite uses. */
function toParameters(family: FamilyRecord): Record<string, SQLInputValue> {
  return {
    ...family,
    namespace: family.namespace ?? null,
    subject: family.subject ?? null,
    revokedAt: family.revokedAt ?? null,
    mac: family.mac ?? null,
  };
}
