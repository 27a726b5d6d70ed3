import { MongoServerError } from "mongodb";
import type { Logger } from "../../base/logger.ts";
import { StoreUnusableError } from "../port.ts";
import { type Collections, SCHEMA_ID } from "./rows.ts";
import { upsert } from "./upsert.ts";

/** Counts the steps from an empty database to today's schema. What the rows look like is in rows.ts. */
export const SCHEMA_VERSION = 3;

/** How long after its end a row is deleted by the server, in seconds: longer than clocks differ. */
const TTL_MARGIN = 60;

/**
 * Says in the database that this program writes it, and makes its indexes. It can be repeated, and nodes may do it at
 * once. Throws a {@link StoreUnusableError} if a newer program wrote the database.
 */
export async function prepareSchema(
  collections: Collections,
  logger: Logger,
  options: { readonly maxTimeMS: number },
): Promise<void> {
  await claimVersion(collections, options);
  await createClientIndexes(collections);
  const refusals = await createTtlIndexes(collections);
  if (refusals.length === 0) return;
  logger.warn({ refusals }, "the database refuses TTL indexes: the nodes alone delete expired rows");
}

async function claimVersion({ schema }: Collections, options: { readonly maxTimeMS: number }): Promise<void> {
  const raise = { $max: { version: SCHEMA_VERSION } };
  const row = await upsert(() =>
    schema.findOneAndUpdate({ _id: SCHEMA_ID }, raise, { ...options, upsert: true, returnDocument: "after" }),
  );
  // A schema that is not known could be misread, or spoilt.
  if (row === null || row.version <= SCHEMA_VERSION) return;
  throw new StoreUnusableError(
    `The MongoDB database was written by a newer version of this program: ` +
      `its schema is ${row.version}, and the newest one known here is ${SCHEMA_VERSION}.`,
  );
}

/** For the counts of what a client has: with the end of each row, so that a count reads the index alone. */
async function createClientIndexes({ ending }: Collections): Promise<void> {
  for (const { collection, field } of ending) await collection.createIndex({ tenant: 1, client: 1, [field]: 1 });
}

/** Resolves to why the server will not have some of them. It may take its time to index what is there already. */
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
