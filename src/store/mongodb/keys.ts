import type { Instant } from "../../base/clock.ts";
import type { KeyRecord, KeyStore, KeyUse } from "../port.ts";
import type { Connection } from "./connection.ts";
import { isDuplicate } from "./errors.ts";
import type { KeyRow } from "./rows.ts";
import { idPrefix, rowId, toBsonDate, toInstant } from "./values.ts";

/**
 * Prepares the key stores of tenants. A key is one insert, so a crash leaves all of it or nothing. Rows are
 * deleted only once nobody appends any: given that the previous generation exists, the unique `_id` alone decides which of
 * two nodes appends the next.
 */
export function prepareKeys({
  collections: { keys },
  bounded,
  deciding,
  run,
}: Connection): (tenant: string) => KeyStore {
  /** Reads by a range of `_id`s, which every collection has an index of: keys are read every few seconds. */
  async function list(tenant: string): Promise<readonly KeyRecord[]> {
    const rows = await keys.find({ _id: idRange(tenant), tenant }, bounded).toArray();
    return rows.map(toKey).toSorted(byUseAndGeneration);
  }

  async function append(tenant: string, next: KeyRecord, after: number): Promise<boolean> {
    // No gap in the generations: the previous one must exist, on a majority.
    if (next.generation !== after + 1 || after < 0) return false;
    if (after > 0 && !(await isThere(tenant, next.use, after))) return false;
    try {
      await keys.insertOne(toRow(tenant, next), { ...bounded, ignoreUndefined: true });
      return true;
    } catch (error) {
      // Another node was faster. Its row is not read here: the keyring reads all of them next.
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** Read with the concern of deciding reads: a row that only a minority has may be rolled back. */
  async function isThere(tenant: string, use: KeyUse, generation: number): Promise<boolean> {
    const filter = { _id: keyId(tenant, use, generation), tenant };
    return (await keys.findOne(filter, { ...deciding, projection: { _id: 1 } })) !== null;
  }

  /** Compare-and-set, so that two nodes that reseal at once do not undo each other. */
  async function reseal(tenant: string, use: KeyUse, generation: number, from: string, to: string): Promise<boolean> {
    const filter = { _id: keyId(tenant, use, generation), tenant, sealed: from };
    const { matchedCount } = await keys.updateOne(filter, { $set: { sealed: to } }, bounded);
    return matchedCount > 0;
  }

  async function forget(tenant: string, createdUpTo: Instant): Promise<void> {
    await keys.deleteMany({ _id: idRange(tenant), tenant, createdAt: { $lte: toBsonDate(createdUpTo) } }, bounded);
  }

  return (tenant) => ({
    list: () => run(() => list(tenant)),
    append: (next, after) => run(() => append(tenant, next, after)),
    reseal: (use, generation, from, to) => run(() => reseal(tenant, use, generation, from, to)),
    forget: (createdUpTo) => run(() => forget(tenant, createdUpTo)),
  });
}

/** Contains tenant, use and generation, so that the unique index on `_id` decides who appends. */
function keyId(tenant: string, use: KeyUse, generation: number): string {
  return rowId(tenant, `${use}/${generation}`);
}

/** The range of `_id`s of a tenant's rows: `0` is the character after the slash. */
function idRange(tenant: string) {
  const prefix = idPrefix(tenant);
  return { $gt: prefix, $lt: `${prefix.slice(0, -1)}0` };
}

/** Compares generations as numbers: by `_id`, 10 would come before 2. */
function byUseAndGeneration(one: KeyRecord, other: KeyRecord): number {
  if (one.use !== other.use) return one.use < other.use ? -1 : 1;
  return one.generation - other.generation;
}

/** Converts the port's record to a stored row. */
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
    createdAt: toBsonDate(createdAt),
    activateAt: toBsonDate(activateAt),
    request,
  };
}

/** Converts a stored row to the port's record. */
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
