import type { Machine } from "../../base/clock.ts";
import type {
  RegistrationKey,
  RegistrationPage,
  RegistrationPut,
  RegistrationRecord,
  RegistrationStore,
} from "../registration-port.ts";
import type { Connection } from "./connection.ts";
import { isDuplicate } from "./errors.ts";
import { createRevisions } from "./revisions.ts";
import type { RegistrationRow } from "./rows.ts";
import { rowId, toBsonDate, toInstant } from "./values.ts";

/**
 * Prepares the store of registrations. A row is written in one step, between two steps on the row of the revisions, which
 * names the writes under way: a write that ends after a later one is not missed.
 */
export function prepareRegistrations(connection: Connection, machine: Pick<Machine, "elapsed">): RegistrationStore {
  const { bounded, deciding, run, collections } = connection;
  const { registrations } = collections;
  const revisions = createRevisions(connection, machine);

  async function find(key: RegistrationKey): Promise<RegistrationRecord | undefined> {
    const row = await registrations.findOne({ _id: idOf(key), tenant: key.tenant }, deciding);
    return row === null ? undefined : toRegistration(row);
  }

  async function put(record: RegistrationRecord, ifEtag: string | undefined): Promise<RegistrationPut> {
    const there = await find(record);
    // Spares a write that cannot succeed its revision, which would send every node to look for it.
    if (there?.etag !== ifEtag) return { conflict: there };
    const revision = await revisions.begin(record.etag);
    // If this throws, the row may still be written: the write stays pending until it no longer can be.
    const isWritten = await write(toRow(record, revision), ifEtag);
    const isAwaited = await revisions.end(record.etag);
    if (!isWritten) return { conflict: await find(record) };
    return { revision: isAwaited ? revision : await writeAgain(record) };
  }

  /** Compare-and-set on the etag; resolves to whether the row was written. */
  async function write(row: RegistrationRow, ifEtag: string | undefined): Promise<boolean> {
    if (ifEtag !== undefined) {
      const { _id, tenant } = row;
      const filter = { _id, tenant, etag: ifEtag };
      return (await registrations.replaceOne(filter, row, { ...bounded, ignoreUndefined: true })).matchedCount > 0;
    }
    try {
      await registrations.insertOne(row, { ...bounded, ignoreUndefined: true });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** Gives a row that was written so late that readers no longer waited for its revision a new one. */
  async function writeAgain(record: RegistrationRecord): Promise<number> {
    const revision = await revisions.begin(record.etag);
    await write(toRow(record, revision), record.etag);
    await revisions.end(record.etag);
    return revision;
  }

  async function changes(after: number, limit: number): Promise<RegistrationPage> {
    // Before the rows, so that none of them is missing.
    const upTo = await revisions.settled();
    const query = { ...bounded, sort: { revision: 1 }, limit, batchSize: limit } as const;
    const rows = await registrations.find({ revision: { $gt: after } }, query).toArray();
    const next = rows.length < limit ? undefined : rows.at(-1)?.revision;
    return { records: rows.map(toRegistration), next, upTo };
  }

  return {
    find: (key) => run(() => find(key)),
    put: (record, ifEtag) => run(() => put(record, ifEtag)),
    revision: () => run(() => revisions.newest()),
    changes: (after, limit) => run(() => changes(after, limit)),
  };
}

function idOf({ kind, tenant, id }: RegistrationKey): string {
  return rowId(kind, rowId(tenant, id));
}

function toRow({ deletedAt, ...record }: RegistrationRecord, revision: number): RegistrationRow {
  return {
    ...record,
    _id: idOf(record),
    revision,
    createdAt: toBsonDate(record.createdAt),
    updatedAt: toBsonDate(record.updatedAt),
    deletedAt: deletedAt === undefined ? undefined : toBsonDate(deletedAt),
    purgeAt: toBsonDate(record.purgeAt),
  };
}

/** Converts a stored row to the port's record. */
export function toRegistration(row: RegistrationRow): RegistrationRecord {
  const { kind, tenant, id, document, etag, mac } = row;
  return {
    kind,
    tenant,
    id,
    document,
    etag,
    createdAt: toInstant(row.createdAt),
    updatedAt: toInstant(row.updatedAt),
    deletedAt: row.deletedAt && toInstant(row.deletedAt),
    purgeAt: toInstant(row.purgeAt),
    mac,
  };
}
