import { MongoServerError } from "mongodb";
import type { Logger } from "../../base/logger.ts";
import { StoreUnusableError } from "../port.ts";
import { type Collections, SCHEMA_ID } from "./rows.ts";
import { upsert } from "./upsert.ts";

/** The version of the schema, counted from an empty database. rows.ts says what the rows look like. */
export const SCHEMA_VERSION = 5;

/** How long after its expiry the server deletes a row, in seconds: longer than clocks differ. */
const TTL_MARGIN = 60;

/**
 * Records in the database that this version of the program writes it, and makes its indexes. Can be repeated, and by
 * several nodes at once. Throws a {@link StoreUnusableError} if a newer program wrote the database.
 */
export async function prepareSchema(
  collections: Collections,
  logger: Logger,
  options: { readonly maxTimeMS: number },
): Promise<void> {
  await claimVersion(collections, options);
  await createClientIndexes(collections);
  await collections.registrations.createIndex({ revision: 1 });
  // For lists of grants, the last minted first.
  await collections.families.createIndex({ tenant: 1, subject: 1, mintedAt: -1, _id: -1 });
  await collections.families.createIndex({ tenant: 1, client: 1, mintedAt: -1, _id: -1 });
  const refusals = await createTtlIndexes(collections);
  if (refusals.length === 0) return;
  logger.warn({ refusals }, "the database refuses TTL indexes: only the nodes delete expired rows");
}

/**
 * Raises the stored version and reads it in one step, so that of two programs that start at the same time the older one
 * certainly sees the newer one's version.
 */
async function claimVersion({ schema }: Collections, options: { readonly maxTimeMS: number }): Promise<void> {
  const raise = { $max: { version: SCHEMA_VERSION } };
  const row = await upsert(() =>
    schema.findOneAndUpdate({ _id: SCHEMA_ID }, raise, { ...options, upsert: true, returnDocument: "after" }),
  );
  // An unknown schema could be misread or damaged.
  if (row === null || row.version <= SCHEMA_VERSION) return;
  throw new StoreUnusableError(
    `The MongoDB database was written by a newer version of this program: ` +
      `its schema is ${row.version}, and the newest one known here is ${SCHEMA_VERSION}.`,
  );
}

/** The indexes behind the counts for quotas. Each includes the expiry, so that a count reads only the index. */
async function createClientIndexes({ ending }: Collections): Promise<void> {
  for (const { collection, field, isCounted } of ending) {
    if (isCounted) await collection.createIndex({ tenant: 1, client: 1, [field]: 1 });
  }
}

/** Resolves to the reasons for which the server refuses some of them. Indexing existing rows may take a while. */
async function createTtlIndexes({ ending }: Collections): Promise<readonly string[]> {
  const refusals: string[] = [];
  for (const { collection, field } of ending) {
    try {
      await collection.createIndex({ [field]: 1 }, { expireAfterSeconds: TTL_MARGIN });
    } catch (error) {
      if (!(error instanceof MongoServerError)) throw error;
      refusals.push(`${collection.collectionName}: ${error.message}`);
    }
  }
  return refusals;
}
