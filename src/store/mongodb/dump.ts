import type { CopyableStore, StoredRow } from "../copy-port.ts";
import type { Connection } from "./connection.ts";
import { toStoreError } from "./errors.ts";
import { toFamily } from "./families.ts";
import { toKey } from "./keys.ts";
import { toMeta } from "./meta.ts";
import { toReferenceToken } from "./reference-tokens.ts";
import { toRevocation } from "./revocations.ts";
import { type Collections, SCHEMA_ID } from "./rows.ts";

/** Rows per round trip. */
const BATCH = 500;

/** Returns the store's `dump`. Its rows are not those of one moment: a copy is made while no node runs. */
export function prepareDump({ collections, assertOpen }: Connection): CopyableStore["dump"] {
  return async function* dump() {
    assertOpen();
    try {
      yield* rows(collections);
    } catch (error) {
      throw toStoreError(error);
    }
  };
}

/**
 * Keys first and by generation, as a copy appends them. Skips the schema's own row, which belongs to no tenant, and the
 * tallies of limits: they are worth nothing a moment later.
 */
async function* rows({ keys, meta, revocations, referenceTokens, families }: Collections): AsyncGenerator<StoredRow> {
  const all = { batchSize: BATCH };
  for await (const row of keys.find({}, { ...all, sort: { generation: 1 } })) {
    yield { tenant: row.tenant, kind: "key", record: toKey(row) };
  }
  for await (const row of meta.find({ _id: { $ne: SCHEMA_ID } }, all)) {
    yield { tenant: row.tenant, kind: "meta", record: toMeta(row) };
  }
  for await (const row of revocations.find({}, all))
    yield { tenant: row.tenant, kind: "revocation", record: toRevocation(row) };
  for await (const row of referenceTokens.find({}, all)) {
    yield { tenant: row.tenant, kind: "reference token", record: toReferenceToken(row) };
  }
  for await (const row of families.find({}, all)) yield { tenant: row.tenant, kind: "family", record: toFamily(row) };
}
