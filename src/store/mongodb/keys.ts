import type { KeyRecord, KeyStore, KeyUse } from "../port.ts";
import type { Connection } from "./connection.ts";
import { isDuplicate } from "./errors.ts";
import type { KeyRow } from "./rows.ts";
import { idPrefix, rowId, toInstant, toMoment } from "./values.ts";

/**
 * Returns what makes a tenant's {@link KeyStore}. A key is one insert, so that a crash leaves it whole or not there.
 * Rows are never deleted: once the row before is there, the `_id` alone decides which of two nodes appends the next.
 */
export function prepareKeys({
  collections: { keys },
  bounded,
  deciding,
  run,
}: Connection): (tenant: string) => KeyStore {
  /** By a range of `_id`s, which every collection has an index of: keys are read every few seconds. */
  async function list(tenant: string): Promise<readonly KeyRecord[]> {
    const rows = await keys.find({ _id: idRange(tenant), tenant }, bounded).toArray();
    return rows.map(toKey).toSorted(byUseAndGeneration);
  }

  async function append(tenant: string, next: KeyRecord, after: number): Promise<boolean> {
    // A generation is never left out: the one before must be there, on a majority.
    if (next.generation !== after + 1 || after < 0) return false;
    if (after > 0 && !(await isThere(tenant, next.use, after))) return false;
    try {
      await keys.insertOne(toRow(tenant, next), { ...bounded, ignoreUndefined: true });
      return true;
    } catch (error) {
      // Another node was quicker. Its row is not looked at: the keyring reads all of them next.
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** Read as what decides is read: a row that a minority alone has may be rolled back. */
  async function isThere(tenant: string, use: KeyUse, generation: number): Promise<boolean> {
    const filter = { _id: keyId(tenant, use, generation), tenant };
    return (await keys.findOne(filter, { ...deciding, projection: { _id: 1 } })) !== null;
  }

  /** Compares and sets, so that two that reseal at once do not undo each other. */
  async function reseal(tenant: string, use: KeyUse, generation: number, from: string, to: string): Promise<boolean> {
    const filter = { _id: keyId(tenant, use, generation), tenant, sealed: from };
    const { matchedCount } = await keys.updateOne(filter, { $set: { sealed: to } }, bounded);
    return matchedCount > 0;
  }

  return (tenant) => ({
    list: () => run(() => list(tenant)),
    append: (next, after) => run(() => append(tenant, next, after)),
    reseal: (use, generation, from, to) => run(() => reseal(tenant, use, generation, from, to)),
  });
}

/** It names tenant, use and generation, so that the unique index of `_id`s decides who appends. */
function keyId(tenant: string, use: KeyUse, generation: number): string {
  return rowId(tenant, `${use}/${generation}`);
}

/** The `_id`s of a tenant's rows, by the index that every collection has: a 0 follows the slash. */
function idRange(tenant: string) {
  const prefix = idPrefix(tenant);
  return { $gt: prefix, $lt: `${prefix.slice(0, -1)}0` };
}

/** As numbers: `_id`s would have 10 before 2. */
function byUseAndGeneration(one: KeyRecord, other: KeyRecord): number {
  if (one.use !== other.use) return one.use < other.use ? -1 : 1;
  return one.generation - other.generation;
}

/** The row as the database has it. */
function toRow(
  tenant: string,
  { use, generation, algorithm, sealed, createdAt, activateAt, request }: KeyRecord,
): KeyRow {
  return {
    _id: keyId(tenant, use, generation),
    tenant,
    use,
    generation,
    algorithm,
    sealed,
    createdAt: toMoment(createdAt),
    activateAt: toMoment(activateAt),
    request,
  };
}

/** A row of the database as the port has it. */
export function toKey({ use, generation, algorithm, sealed, createdAt, activateAt, request }: KeyRow): KeyRecord {
  return {
    use,
    generation,
    algorithm,
    sealed,
    createdAt: toInstant(createdAt),
    activateAt: toInstant(activateAt),
    request,
  };
}
