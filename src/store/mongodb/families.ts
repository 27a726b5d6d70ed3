import { setTimeout as delay } from "node:timers/promises";
import { endOfPage, type FamilyCursor, type FamilyQuery } from "../family-query.ts";
import { type Advance, type FamilyPage, type FamilyRecord, type FamilyStore, StoreUnavailableError } from "../port.ts";
import type { Connection } from "./connection.ts";
import { prepareCount } from "./count.ts";
import { createInserts } from "./inserts.ts";
import type { FamilyRow } from "./rows.ts";
import { ownId, rowId, toBsonDate, toInstant } from "./values.ts";

/**
 * How often a row that another node moves is read again, and the pause in between, in milliseconds. All reads fit easily
 * into the time that a call may take; a row that stays undecided for longer is the caller's to retry.
 */
const LOOKS = 8;
const PAUSE = 5;

const NOT_REVOKED = { revokedAt: { $exists: false } };

/**
 * Prepares the family stores of tenants. Each operation writes one row in one step, so that a crash leaves the row
 * either old or new; its attempt tells which to whoever lost the answer.
 */
export function prepareFamilies(connection: Connection): (tenant: string) => FamilyStore {
  const { bounded, deciding, run } = connection;
  const { families } = connection.collections;
  const insert = createInserts(families, connection);
  const count = prepareCount(connection, families, "purgeAt");

  /** A deciding read: a weaker one could miss a revocation that was already answered. */
  async function find(tenant: string, id: string): Promise<FamilyRecord | undefined> {
    const row = await families.findOne({ _id: rowId(tenant, id), tenant }, deciding);
    return row === null ? undefined : toFamily(row);
  }

  /** A linearizable read guarantees that only for a single row, so each is then read on its own, all at once. */
  async function findAll(tenant: string, ids: readonly string[]): Promise<readonly FamilyRecord[]> {
    const wanted = [...new Set(ids)];
    if (deciding.readConcern.level === "linearizable") {
      const rows = await Promise.all(wanted.map((id) => find(tenant, id)));
      return rows.filter((row) => row !== undefined);
    }
    const named = { _id: { $in: wanted.map((id) => rowId(tenant, id)) }, tenant };
    return wanted.length === 0 ? [] : (await families.find(named, deciding).toArray()).map(toFamily);
  }

  async function list(tenant: string, { subject, client, after, limit }: FamilyQuery): Promise<FamilyPage> {
    const whose = { tenant, ...(subject !== undefined && { subject }), ...(client !== undefined && { client }) };
    const rows = await families
      .find({ ...whose, ...(after && afterRow(tenant, after)) }, deciding)
      .sort({ mintedAt: -1, _id: -1 })
      .limit(limit)
      .toArray();
    const page = rows.map(toFamily);
    return { families: page, next: endOfPage(page, limit) };
  }

  /** Changes a row if it matches `filter`; resolves to whether it did. */
  async function change(tenant: string, id: string, filter: object, update: object): Promise<boolean> {
    const { matchedCount } = await families.updateOne({ ...filter, _id: rowId(tenant, id), tenant }, update, bounded);
    return matchedCount > 0;
  }

  async function advance(tenant: string, id: string, step: Advance): Promise<"advanced" | FamilyRecord | undefined> {
    // At most `from`, not equal to it: a row that was restored from a backup is behind its token, whose MAC proves that
    // the mint made the later generation.
    const filter = { generation: { $lte: step.from }, ...NOT_REVOKED };
    const update = {
      $set: {
        generation: step.to,
        rotatedAt: toBsonDate(step.at),
        mark: step.attemptId,
        expiresAt: toBsonDate(step.expiresAt),
      },
      // Only grows: a lifetime that was lowered must not delete the row while an earlier access token still needs it.
      $max: { purgeAt: toBsonDate(step.purgeAt) },
    };
    // An update that matched nothing does not say why. The row does, once a majority of servers has the write that
    // prevented it.
    for (let looks = 0; looks < LOOKS; looks++) {
      if (await change(tenant, id, filter, update)) return "advanced";
      const row = await find(tenant, id);
      if (row === undefined || row.generation > step.from || row.revokedAt !== undefined) return row;
      // The write that prevented it is not on a majority yet: it will be visible in a moment, or is rolled back.
      await delay(PAUSE);
    }
    throw new StoreUnavailableError("The MongoDB store could not determine the state of a row.");
  }

  return (tenant) => ({
    create: (family) => run(async () => insert(toRow(tenant, family))),
    find: (id) => run(() => find(tenant, id)),
    findAll: (ids) => run(() => findAll(tenant, ids)),
    list: (query) => run(() => list(tenant, query)),
    advance: (id, step) => run(() => advance(tenant, id, step)),
    reconcile: (id, attemptId, rotatedAt, purgeAt) =>
      run(async () =>
        change(
          tenant,
          id,
          { mark: attemptId },
          { $max: { rotatedAt: toBsonDate(rotatedAt), purgeAt: toBsonDate(purgeAt) } },
        ),
      ),
    count: count(tenant),
    // Keeps the first revocation, which says since when the grant is dead.
    revoke: (id, at) => run(async () => change(tenant, id, NOT_REVOKED, { $set: { revokedAt: toBsonDate(at) } })),
  });
}

/** Matches the rows that a list has after that one. */
function afterRow(tenant: string, { mintedAt, id }: FamilyCursor) {
  const date = toBsonDate(mintedAt);
  return { $or: [{ mintedAt: { $lt: date } }, { mintedAt: date, _id: { $lt: rowId(tenant, id) } }] };
}

/** The row as it is stored: with dates for instants, so that a TTL index can delete it. */
function toRow(tenant: string, { id, attemptId, ...family }: FamilyRecord): FamilyRow {
  return {
    _id: rowId(tenant, id),
    tenant,
    ...family,
    // The stored name differs from the code's, as stored rows outlive a rename.
    mark: attemptId,
    rotatedAt: toBsonDate(family.rotatedAt),
    mintedAt: toBsonDate(family.mintedAt),
    // Left out while undefined: NOT_REVOKED asks whether the field exists.
    revokedAt: family.revokedAt === undefined ? undefined : toBsonDate(family.revokedAt),
    expiresAt: toBsonDate(family.expiresAt),
    purgeAt: toBsonDate(family.purgeAt),
  };
}

/** Converts a stored row to the port's record. */
export function toFamily(row: FamilyRow): FamilyRecord {
  return {
    id: ownId(row),
    client: row.client,
    namespace: row.namespace,
    subject: row.subject,
    generation: row.generation,
    rotatedAt: toInstant(row.rotatedAt),
    attemptId: row.mark,
    mintedAt: toInstant(row.mintedAt),
    revokedAt: row.revokedAt && toInstant(row.revokedAt),
    expiresAt: toInstant(row.expiresAt),
    purgeAt: toInstant(row.purgeAt),
    decision: row.decision,
    mac: row.mac,
  };
}
