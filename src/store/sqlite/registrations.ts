import type { SQLOutputValue } from "node:sqlite";
import type { RegistrationKey, RegistrationRecord, RegistrationStore } from "../registration-port.ts";
import { number, optional, text } from "./columns.ts";
import type { Connection } from "./connection.ts";

const FIND = "SELECT * FROM registrations WHERE kind = :kind AND tenant = :tenant AND id = :id";

/**
 * Writes a row if the one that is there still has that etag, or if none is there and none was expected: IS compares a
 * missing row's etag as NULL. Returns nothing if it wrote nothing.
 */
const PUT = `
  INSERT INTO registrations
    (kind, tenant, id, revision, document, etag, created_at, updated_at, deleted_at, purge_at, mac)
  SELECT :kind, :tenant, :id, registry.revision + 1, :document, :etag, :createdAt, :updatedAt, :deletedAt, :purgeAt, :mac
    FROM registry
    WHERE (SELECT etag FROM registrations WHERE kind = :kind AND tenant = :tenant AND id = :id) IS :ifEtag
  ON CONFLICT (kind, tenant, id) DO UPDATE SET
    revision = excluded.revision, document = excluded.document, etag = excluded.etag, created_at = excluded.created_at,
    updated_at = excluded.updated_at, deleted_at = excluded.deleted_at, purge_at = excluded.purge_at, mac = excluded.mac
  RETURNING revision`;

/** After a write in the same commit. The newest revision never falls, not even if the row that has it is swept. */
const RAISE = "UPDATE registry SET revision = max(revision, (SELECT coalesce(max(revision), 0) FROM registrations))";

const REVISION = "SELECT revision FROM registry";

const CHANGES = "SELECT * FROM registrations WHERE revision > :after ORDER BY revision LIMIT :limit";

/**
 * Prepares the statements; returns the store of registrations. A row and its revision are one commit, so whoever sees a
 * revision sees everything that was written up to it.
 */
export function prepareRegistrations({ database, read, write }: Connection): RegistrationStore {
  const find = database.prepare(FIND);
  const put = database.prepare(PUT);
  const raise = database.prepare(RAISE);
  const revision = database.prepare(REVISION);
  const changes = database.prepare(CHANGES);

  function findRow({ kind, tenant, id }: RegistrationKey): RegistrationRecord | undefined {
    const row = find.get({ kind, tenant, id });
    return row && toRegistration(row);
  }

  const newest = () => number(revision.get()?.revision);

  return {
    find: (key) => read(() => findRow(key)),
    put: (record, ifEtag) =>
      write(() => {
        const row = put.get({ ...record, deletedAt: record.deletedAt ?? null, ifEtag: ifEtag ?? null });
        // The row is read in the same transaction, so it is the one that prevented the write.
        if (row === undefined) return { conflict: findRow(record) };
        raise.run();
        return { revision: number(row.revision) };
      }),
    revision: () => read(newest),
    changes: (after, limit) =>
      read(() => {
        // Before the rows, so that none of them is missing.
        const upTo = newest();
        const rows = changes.all({ after, limit });
        const next = rows.length < limit ? undefined : number(rows.at(-1)?.revision);
        return { records: rows.map(toRegistration), next, upTo };
      }),
  };
}

/** Converts a row of the table to the port's record. */
export function toRegistration(row: Record<string, SQLOutputValue>): RegistrationRecord {
  return {
    kind: text(row.kind),
    tenant: text(row.tenant),
    id: text(row.id),
    document: text(row.document),
    etag: text(row.etag),
    createdAt: number(row.created_at),
    updatedAt: number(row.updated_at),
    deletedAt: optional(row.deleted_at, number),
    purgeAt: number(row.purge_at),
    mac: text(row.mac),
  };
}
