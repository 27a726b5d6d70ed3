import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { thisMachine } from "../../../src/base/clock.ts";
import { openStore } from "../../../src/store/index.ts";
import { openMongoStore } from "../../../src/store/mongodb/index.ts";
import { SCHEMA_VERSION } from "../../../src/store/mongodb/schema.ts";
import { type Store, StoreUnavailableError } from "../../../src/store/port.ts";
import { type RecordingLogger, recordingLogger } from "../../support/logger.ts";
import { hostOf, makeDatabase, refuseTtl, type TestDatabase, urlOf, withMongo } from "../../support/mongodb.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import { aFamily, atOnce } from "../contract/records.ts";

let logger: RecordingLogger;
beforeEach(() => {
  logger = recordingLogger();
});

const failure = async (opening: Promise<Store>): Promise<Error> => {
  const error: unknown = await opening.then(
    (store) => store.close(),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("the store was opened");
  return error;
};

describe("a database that is not there", () => {
  it.each([
    ["mongodb://user:hunter2@127.0.0.1:1/mint", "127.0.0.1:1"],
    ["mongodb://user:hunter2@mintmark.invalid/mint", "mintmark.invalid:27017"],
    ["mongodb+srv://user:hunter2@db.mintmark.invalid/mint", "db.mintmark.invalid"],
  ])("is tried again until the time is over: %s", async (url, host) => {
    const started = performance.now();
    const error = await failure(openStore(`${url}?timeoutMS=50`, { logger, startTimeout: 1_500 }));
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error.message).toContain(`The MongoDB store at ${host} cannot be reached`);
    expect(logger.lines.length).toBeGreaterThan(1);
    for (const line of logger.lines) expect(line).toMatchObject({ level: "warn", fields: { hosts: host } });
    expect(logger.text()).not.toContain("hunter2");
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain("hunter2");
  });
});

withMongo("the start against a server", (uri) => {
  let database: TestDatabase;
  let proxy: TcpProxy;

  beforeEach(async () => {
    database = makeDatabase(uri);
    proxy = await startTcpProxy(hostOf(uri));
  });
  afterEach(async () => {
    await proxy.close();
    await database.drop();
  });

  const proxied = (options: Readonly<Record<string, string>> = {}) =>
    urlOf(`mongodb://127.0.0.1:${proxy.port}/`, database.name, { timeoutMS: "200", ...options });

  it.each(["cut", "silent"] as const)("waits for a database whose network is %s", async (weather) => {
    proxy.become(weather);
    const opening = openMongoStore(proxied(), { logger });
    await new Promise((resolve) => setTimeout(resolve, 300));
    proxy.become("passing");
    const store = await opening;
    expect(await store.forTenant("acme").meta.raise("number", 1)).toBe(1);
    expect(logger.lines.map(({ level }) => level)).toContain("warn");
    await store.close();
  });

  it("gives up when the network stays silent, in time", async () => {
    proxy.become("silent");
    const started = performance.now();
    expect(await failure(openMongoStore(proxied(), { logger, startTimeout: 600 }))).toBeInstanceOf(
      StoreUnavailableError,
    );
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("makes TTL indexes where rows end, and none elsewhere", async () => {
    const store = await openMongoStore(database.url, { logger });
    await store.forTenant("acme").families.create(aFamily());
    await store.close();
    const ttls: Record<string, unknown> = {};
    for (const collection of await database.client.db(database.name).collections()) {
      for (const { key, expireAfterSeconds } of await collection.indexes()) {
        if ("_id" in key) continue;
        ttls[collection.collectionName] = { key, expireAfterSeconds };
      }
    }
    expect(ttls).toEqual({
      families: { key: { purgeAt: 1 }, expireAfterSeconds: 60 },
      reference_tokens: { key: { expiresAt: 1 }, expireAfterSeconds: 60 },
      revocations: { key: { expiresAt: 1 }, expireAfterSeconds: 60 },
      tallies: { key: { expiresAt: 1 }, expireAfterSeconds: 60 },
      registrations: { key: { purgeAt: 1 }, expireAfterSeconds: 60 },
    });
    expect(logger.lines).toEqual([]);
  });

  it("continues if the server refuses TTL indexes, and says so", async () => {
    await refuseTtl(database);
    const store = await openMongoStore(database.url, { logger });
    await store.forTenant("acme").families.create(aFamily({ purgeAt: 1 }));
    expect(await store.sweep(2, 10)).toBe(1);
    await store.close();
    expect(logger.lines).toMatchObject([{ level: "warn", message: expect.stringContaining("refuses TTL indexes") }]);
  });

  it("of several nodes at once works on an empty database", async () => {
    const stores = await atOnce(4, () => openMongoStore(database.url, { logger }));
    expect(logger.lines).toEqual([]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("refuses a database that a newer program wrote, and leaves it as it is", async () => {
    const meta = database.client.db(database.name).collection<{ _id: string; version: number }>("meta");
    await meta.insertOne({ _id: "schema", version: SCHEMA_VERSION + 1 });
    const error = await failure(openMongoStore(database.url));
    expect(error).not.toBeInstanceOf(StoreUnavailableError);
    expect(error.message).toContain(
      `its schema is ${SCHEMA_VERSION + 1}, and the newest one known here is ${SCHEMA_VERSION}`,
    );
    expect(await meta.find().toArray()).toEqual([{ _id: "schema", version: SCHEMA_VERSION + 1 }]);
  });

  it("compares the clocks", async () => {
    const slow = { ...thisMachine, wall: () => Date.now() - 3_000 };
    const store = await openMongoStore(database.url, { logger, machine: slow, maxClockSkew: 100 });
    expect(store.maxClockSkew).toBe(100);
    expect(store.isClockOff()).toBe(true);
    expect(store.clockComparison()?.offset).toBeGreaterThan(2_900);
    expect(logger.lines).toMatchObject([{ level: "error", message: expect.stringContaining("clock") }]);
    await store.close();
  });

  it("tells nothing of the password that the server refuses", async () => {
    const url = proxied().replace("mongodb://", "mongodb://user:hunter2@");
    const error = await failure(openMongoStore(url, { logger, startTimeout: 300 }));
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain("hunter2");
    expect(logger.text()).not.toContain("hunter2");
  });
});
