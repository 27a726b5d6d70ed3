import { randomUUID } from "node:crypto";
import { MongoClient } from "mongodb";
import { describe, it } from "vitest";
import { openMongoStore } from "../../src/store/mongodb/index.ts";
import type { NamedStore } from "./stores.ts";

/** The server for tests, such as `mongodb://127.0.0.1:27017/`; undefined if there is none. */
const mongodbUri: string | undefined = process.env.MONGODB_URI || undefined;

/** Tests that need a server: they are skipped if there is none. */
export function withMongo(name: string, tests: (uri: string) => void): void {
  if (mongodbUri !== undefined) describe(name, () => tests(mongodbUri));
  else it.skip(`${name}: no MONGODB_URI`, () => {});
}

/** A database of its own for one file of tests. */
export interface TestDatabase {
  /** The URL of the database, for a store. */
  readonly url: string;
  readonly name: string;
  /** A client beside the store's. */
  readonly client: MongoClient;
  /** Deletes all rows, and leaves the indexes. */
  clear(): Promise<void>;
  drop(): Promise<void>;
}

/** Makes a database that nobody else uses. Drop it when the tests are over. */
export function makeDatabase(uri: string): TestDatabase {
  const name = `mintmark_test_${randomUUID().slice(0, 8)}`;
  const client = new MongoClient(uri);
  const database = client.db(name);
  return {
    // As long as it takes: a busy machine must fail no test.
    url: urlOf(uri, name, { timeoutMS: "30000" }),
    name,
    client,
    async clear() {
      const collections = await database.collections();
      await Promise.all(collections.map((collection) => collection.deleteMany({})));
    },
    async drop() {
      await database.dropDatabase();
      await client.close();
    },
  };
}

/** The URL of a server with another database, and options beside its own. */
export function urlOf(uri: string, database: string, options: Readonly<Record<string, string>> = {}): string {
  const [, servers = "", query = ""] = /^([^?]*?:\/\/[^/?]*)\/?[^?]*\??(.*)$/.exec(uri) ?? [];
  const all = [query, new URLSearchParams(options).toString()].filter((part) => part !== "").join("&");
  return `${servers}/${database}${all && `?${all}`}`;
}

/** Where the first server of a URL listens. */
export function hostOf(uri: string): { readonly host: string; readonly port: number } {
  const [, host = "127.0.0.1", port = "27017"] = /^mongodb:\/\/(?:[^@/]*@)?([^:/,?]+)(?::(\d+))?/.exec(uri) ?? [];
  return { host, port: Number(port) };
}

/** MongoDB as kinds of store, by what decides. No row ends there while a test looks at it. */
export function mongoStores(database: TestDatabase): readonly NamedStore[] {
  return kindsOfStore(async () => {
    await refuseTtl(database);
    return { database, end: () => database.clear() };
  });
}

/** The same kinds, with a new database each time that one is opened; none if there is no server. */
export function farStores(): readonly NamedStore[] {
  if (mongodbUri === undefined) return [];
  return kindsOfStore(async () => {
    const database = makeDatabase(mongodbUri);
    await refuseTtl(database);
    return { database, end: () => database.drop() };
  });
}

/** `take`: finds an empty database, and says how to leave it. */
function kindsOfStore(take: () => Promise<{ database: TestDatabase; end(): Promise<void> }>): readonly NamedStore[] {
  return ["majority", "linearizable"].map((readConcernLevel) => ({
    name: `MongoDB with ${readConcernLevel} reads`,
    durable: true,
    isFar: true,
    async open() {
      const { database, end } = await take();
      const reopen = () => openMongoStore(urlOf(database.url, database.name, { readConcernLevel }));
      const store = await reopen();
      return {
        store,
        reopen,
        async close() {
          await store.close();
          await end();
        },
      };
    },
  }));
}

/** Makes plain indexes if the store wants TTL indexes, so that the server deletes none of a test's rows. */
export async function refuseTtl({ client, name }: TestDatabase): Promise<void> {
  const fields = {
    families: "purgeAt",
    reference_tokens: "expiresAt",
    revocations: "expiresAt",
    tallies: "expiresAt",
    registrations: "purgeAt",
  };
  for (const [collection, field] of Object.entries(fields)) {
    await client
      .db(name)
      .collection(collection)
      .createIndex({ [field]: 1 });
  }
}
