import { randomUUID } from "node:crypto";
import { MongoClient } from "mongodb";
import { describe, it } from "vitest";
import { type MongoStore, openMongoStore } from "../../src/store/mongodb/index.ts";
import { atEnd } from "./at-end.ts";
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
  /**
   * A store with these reads, which is opened once: only a test that closes it has the next one open another. No row
   * ends there while a test looks at it.
   */
  store(readConcernLevel: string): Promise<MongoStore>;
  /** Deletes all rows, and leaves the indexes. */
  clear(): Promise<void>;
  drop(): Promise<void>;
}

/** Makes a database that nobody else uses. Drop it when the tests are over. */
export function makeDatabase(uri: string): TestDatabase {
  const name = `mintmark_test_${randomUUID().slice(0, 8)}`;
  const client = new MongoClient(uri);
  const database = client.db(name);
  // As long as it takes: a busy machine must fail no test.
  const url = urlOf(uri, name, { timeoutMS: "30000" });
  const open = new Map<string, MongoStore>();
  return {
    url,
    name,
    client,
    async store(readConcernLevel) {
      const store = open.get(readConcernLevel) ?? (await openStore(readConcernLevel));
      const close = () => {
        open.delete(readConcernLevel);
        return store.close();
      };
      return { ...store, close };
    },
    async clear() {
      const collections = await database.collections();
      await Promise.all(collections.map((collection) => collection.deleteMany({})));
    },
    async drop() {
      for (const store of open.values()) await store.close();
      await database.dropDatabase();
      await client.close();
    },
  };

  async function openStore(readConcernLevel: string): Promise<MongoStore> {
    if (open.size === 0) await refuseTtl({ client, name });
    const store = await openMongoStore(urlOf(url, name, { readConcernLevel }));
    open.set(readConcernLevel, store);
    return store;
  }
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

/** MongoDB as kinds of store, by what decides. */
export function mongoStores(database: TestDatabase): readonly NamedStore[] {
  return kindsOfStore(async () => ({ database, end: () => database.clear() }));
}

/** The same kinds, each time with an empty database that nobody else uses then; none if there is no server. */
export function farStores(): readonly NamedStore[] {
  return mongodbUri === undefined ? [] : kindsOfStore(() => borrowDatabase(mongodbUri));
}

/** Databases that are empty and unused, and the ends of those in use: to make one with its indexes takes long. */
const unused = new Set<TestDatabase>();
const uses = new Set<Promise<void>>();

async function borrowDatabase(uri: string) {
  const [database = makeLentDatabase(uri)] = unused;
  unused.delete(database);
  const { promise, resolve } = Promise.withResolvers<void>();
  uses.add(promise);
  return {
    database,
    async end() {
      await database.clear().finally(resolve);
      uses.delete(promise);
      unused.add(database);
    },
  };
}

function makeLentDatabase(uri: string): TestDatabase {
  const database = makeDatabase(uri);
  atEnd(async () => {
    await Promise.all(uses);
    unused.delete(database);
    await database.drop();
  });
  return database;
}

/** `take`: finds an empty database, and says how to leave it. */
function kindsOfStore(take: () => Promise<{ database: TestDatabase; end(): Promise<void> }>): readonly NamedStore[] {
  return ["majority", "linearizable"].map((readConcernLevel) => ({
    name: `MongoDB with ${readConcernLevel} reads`,
    durable: true,
    isFar: true,
    async open() {
      const { database, end } = await take();
      return {
        store: await database.store(readConcernLevel),
        reopen: () => openMongoStore(urlOf(database.url, database.name, { readConcernLevel })),
        close: end,
      };
    },
  }));
}

/** Makes plain indexes if the store wants TTL indexes, so that the server deletes none of a test's rows. */
export async function refuseTtl({ client, name }: Pick<TestDatabase, "client" | "name">): Promise<void> {
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
