import { Problems } from "../schema/problems.ts";
import type { RegistrationRecord } from "../store/registration-port.ts";
import { readDocument, type StoredEntry } from "./document.ts";
import { isProven, type Prover } from "./proof.ts";

/** A row of a tenant or a client, as it was read. */
export interface StoredRow {
  readonly record: RegistrationRecord;
  /** Whether this mint wrote it. */
  readonly isProven: boolean;
  /** What it says, or why that cannot be used. */
  readonly says: StoredEntry | { readonly problems: readonly string[] };
}

/** What is stored of one tenant, which itself may be in the file. */
export interface StoredTenantRows {
  readonly tenant: StoredRow | undefined;
  /** The tombstone of the last tenant of that name, if there is no other since. */
  readonly ended: StoredRow | undefined;
  /** By the client's id. */
  readonly clients: ReadonlyMap<string, StoredRow>;
}

/** The registry's part that the store has, as of one read. Never changes: what is read later makes another one. */
export type StoredPart = ReadonlyMap<string, StoredTenantRows>;

/** Nothing is stored. */
export const NOTHING_STORED: StoredPart = new Map();

/** Nothing is stored of a tenant. */
export const NO_ROWS: StoredTenantRows = { tenant: undefined, ended: undefined, clients: new Map() };

/**
 * The stored part once these rows, which may come in any number and again, have replaced what they replace. Keeps the
 * objects of everything that stays the same. `known`: rows that need not be checked again.
 */
export function withRows(
  part: StoredPart,
  records: readonly RegistrationRecord[],
  prover: Prover,
  known: StoredPart = part,
): StoredPart {
  const next = new Map(part);
  // The store alone needs the others, such as who owns an issuer.
  const used = records.filter(({ kind }) => kind === "tenant" || kind === "client");
  for (const [tenant, own] of Map.groupBy(used, (record) => record.tenant)) {
    const rows = next.get(tenant) ?? NO_ROWS;
    next.set(
      tenant,
      applyRows(rows, own, (record) => readAnew(record, known.get(tenant), prover)),
    );
  }
  return next;
}

/** Returns the same object if nothing changes: a row may come again. */
function applyRows(
  rows: StoredTenantRows,
  records: readonly RegistrationRecord[],
  read: (record: RegistrationRecord) => StoredRow,
): StoredTenantRows {
  const clients = new Map(rows.clients);
  let { tenant, ended } = rows;
  let isChanged = false;
  for (const record of records) {
    const row = read(record);
    const living = isTombstone(row) ? undefined : row;
    const before = record.kind === "tenant" ? (tenant ?? ended) : clients.get(record.id);
    if (record.kind === "tenant") {
      isChanged ||= row !== before;
      [tenant, ended] = [living, living === undefined ? row : row.isProven ? undefined : ended];
    } else {
      isChanged ||= living !== before;
      if (living === undefined) clients.delete(record.id);
      else clients.set(record.id, living);
    }
  }
  return isChanged ? { tenant, ended, clients } : rows;
}

/** Whether a row says that there is nothing any more. A tombstone that somebody else wrote is none. */
export function isTombstone({ record, isProven }: StoredRow): boolean {
  return isProven && record.deletedAt !== undefined;
}

/** Reads a row. */
export function readRow(record: RegistrationRecord, prover: Prover): StoredRow {
  if (!isProven(record, prover))
    return { record, isProven: false, says: { problems: ["this mint did not write the row, or it was changed"] } };
  const problems = new Problems();
  return { record, isProven: true, says: readDocument(record.document, problems) ?? { problems: problems.list() } };
}

/** Spares what has not changed the reading. */
function readAnew(record: RegistrationRecord, known: StoredTenantRows | undefined, prover: Prover): StoredRow {
  const before = record.kind === "tenant" ? (known?.tenant ?? known?.ended) : known?.clients.get(record.id);
  return before?.record.etag === record.etag && before.record.mac === record.mac ? before : readRow(record, prover);
}
