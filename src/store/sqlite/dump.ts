import type { SQLOutputValue } from "node:sqlite";
import type { CopyableStore, MetaRecord, StoredRow } from "../copy-port.ts";
import { number, text } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { toStoreError } from "./errors.ts";
import { toFamily } from "./family-row.ts";
import { toKey } from "./keys.ts";
import { toReferenceToken } from "./reference-tokens.ts";
import { toRegistration } from "./registrations.ts";
import { toRevocation } from "./revocations.ts";

/** A row as SQLite returns it. */
type Row = Record<string, SQLOutputValue>;

/**
 * The queries, in the order in which a store is copied: keys first and by generation, as they are appended. The tallies
 * of limits are left out: they are worth nothing a moment later.
 */
const DUMPS: readonly { readonly sql: string; readonly read: (row: Row) => StoredRow }[] = [
  {
    sql: "SELECT * FROM keys ORDER BY generation",
    read: (row) => ({ tenant: text(row.tenant), kind: "key", record: toKey(row) }),
  },
  {
    sql: "SELECT * FROM meta",
    read: (row) => ({ tenant: text(row.tenant), kind: "meta", record: toMeta(row) }),
  },
  {
    sql: "SELECT * FROM registrations ORDER BY revision",
    read: (row) => ({ tenant: text(row.tenant), kind: "registration", record: toRegistration(row) }),
  },
  {
    sql: "SELECT * FROM revocations",
    read: (row) => ({ tenant: text(row.tenant), kind: "revocation", record: toRevocation(row) }),
  },
  {
    sql: "SELECT * FROM reference_tokens",
    read: (row) => ({ tenant: text(row.tenant), kind: "reference token", record: toReferenceToken(row) }),
  },
  {
    sql: "SELECT * FROM families",
    read: (row) => ({ tenant: text(row.tenant), kind: "family", record: toFamily(row) }),
  },
];

/** Returns the store's `dump`. */
export function prepareDump({ database, read }: Connection): CopyableStore["dump"] {
  return async function* dump() {
    for (const { sql, read: toRow } of DUMPS) {
      // One row at a time: a whole store need not fit into memory. No row changes meanwhile, as the nodes are stopped.
      const rows = await read(() => database.prepare(sql).iterate());
      try {
        for (const row of rows) yield toRow(row);
      } catch (error) {
        throw toStoreError(error);
      }
    }
  };
}

function toMeta(row: Row): MetaRecord {
  return { name: text(row.name), value: number(row.value) };
}
