import type { CopyableStore, StoredRow } from "../copy-port.ts";
import type { Connection } from "./connection.ts";
import { toStoreError } from "./errors.ts";
import { toFamily } from "./families.ts";
import { toKey } from "./keys.ts";
import { toMeta } from "./meta.ts";
import { toReferenceToken } from "./reference-tokens.ts";
import { toRegistration } from "./registrations.ts";
import { toRevocation } from "./revocations.ts";
import { type Collections, REGISTRY_ID, SCHEMA_ID } from "./rows.ts";

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
 * Keys first and by generation, as a copy appends them. Skips the rows of `meta` that belong to no tenant, and the
 * tallies of limits: they are worth nothing a moment later.
 */
async function* rows(collections: Collections): AsyncGenerator<StoredRow> {
  const { keys, meta, registrations, revocations, referenceTokens, families } = collections;
  const all = { batchSize: BATCH };
  for await (const row of keys.find({}, { ...all, sort: { generation: 1 } })) {
    yield { tenant: row.tenant, kind: "key", record: toKey(row) };
  }
  for await (const row of meta.find({ _id: { $nin: [SCHEMA_ID, REGISTRY_ID] } }, all)) {
    yield { tenant: row.tenant, kind: "meta", record: toMeta(row) };
  }
  for await (const row of registrations.find({}, { ...all, sort: { revision: 1 } })) {
    yield { tenant: row.tenant, kind: "registration", record: toRegistration(row) };
  }
  for await (const row of revocations.find({}, all))
    yield { tenant: row.tenant, kind: "revocation", record: toRevocation(row) };
  for await (const row of referenceTokens.find({}, all)) {
    yield { tenant: row.tenant, kind: "reference token", record: toReferenceToken(row) };
  }
  for await (const row of families.find({}, all)) yield { tenant: row.tenant, kind: "family", record: toFamily(row) };
}
