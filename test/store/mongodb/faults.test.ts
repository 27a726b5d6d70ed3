import { afterEach, beforeEach, expect, it } from "vitest";
import { type MongoStore, openMongoStore } from "../../../src/store/mongodb/index.ts";
import { StoreUnavailableError } from "../../../src/store/port.ts";
import { type RecordingLogger, recordingLogger } from "../../support/logger.ts";
import { hostOf, makeDatabase, refuseTtl, type TestDatabase, urlOf, withMongo } from "../../support/mongodb.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import { aFamily, aKey, aReferenceToken, aRegistration, aRevocation, aStep, NOW } from "../contract/records.ts";

/** The store's busyTimeout in these tests, and how much later than that a test may see it, in milliseconds. */
const TIMEOUT = 400;
const SLACK = 4_000;

/** So many that to lose busyTimeout with one after the other would take longer than {@link RECOVERY}. */
const CONNECTIONS = 32;

/** By when the store must work again after the network does, in milliseconds. */
const RECOVERY = 10_000;

withMongo("the network between the store and its database", (uri) => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let logger: RecordingLogger;
  let store: MongoStore;

  beforeEach(async () => {
    database = makeDatabase(uri);
    await refuseTtl(database);
    proxy = await startTcpProxy(hostOf(uri));
    logger = recordingLogger();
    const options = { timeoutMS: `${TIMEOUT}`, minPoolSize: `${CONNECTIONS}` };
    const url = urlOf(`mongodb://127.0.0.1:${proxy.port}/`, database.name, options);
    store = await openMongoStore(url, { logger });
    await store.forTenant("acme").families.create(aFamily());
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
    await database.drop();
  });

  const tenant = () => store.forTenant("acme");

  /** One of each. */
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    "keys.list": () => tenant().keys.list(),
    "keys.append": () => tenant().keys.append(aKey(), 0),
    "keys.reseal": () => tenant().keys.reseal("signing", 1, "from", "to"),
    "families.create": () => tenant().families.create(aFamily({ id: "other" })),
    "families.find": () => tenant().families.find("family"),
    "families.advance": () => tenant().families.advance("family", aStep()),
    "families.reconcile": () => tenant().families.reconcile("family", "mark.0", NOW, NOW),
    "families.revoke": () => tenant().families.revoke("family", NOW),
    "referenceTokens.create": () => tenant().referenceTokens.create(aReferenceToken()),
    "referenceTokens.find": () => tenant().referenceTokens.find("digest"),
    "revocations.raise": () => tenant().revocations.raise(aRevocation()),
    "revocations.find": () => tenant().revocations.find(["revocation"]),
    "meta.raise": () => tenant().meta.raise("number", 1),
    "meta.read": () => tenant().meta.read("number"),
    "registrations.find": () => store.registrations.find(aRegistration()),
    "registrations.put": () => store.registrations.put(aRegistration(), undefined),
    "registrations.revision": () => store.registrations.revision(),
    "registrations.changes": () => store.registrations.changes(0, 1),
    sweep: () => store.sweep(0, 1),
  };

  async function expectUnavailable(): Promise<void> {
    const started = performance.now();
    const results = await Promise.allSettled(
      Object.values(calls).map(async (call) => {
        try {
          return await call();
        } finally {
          expect(performance.now() - started).toBeLessThan(TIMEOUT + SLACK);
        }
      }),
    );
    for (const [index, result] of results.entries()) {
      const reason = expect.any(StoreUnavailableError);
      expect(result, Object.keys(calls)[index]).toMatchObject({ status: "rejected", reason });
    }
  }

  /** Asks again and again, one call after another, until all are answered. */
  async function expectRecovery(): Promise<void> {
    const deadline = performance.now() + RECOVERY;
    for (const call of Object.values(calls)) {
      for (;;) {
        expect(performance.now()).toBeLessThan(deadline);
        const answer = await call().then(
          () => true,
          (error: unknown) => !(error instanceof StoreUnavailableError),
        );
        if (answer) break;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  /** Waits until the store has as many connections as a busy node has. */
  async function openConnections(): Promise<void> {
    while (proxy.connections() <= CONNECTIONS) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  it("is slow: what takes longer than the timeout is unavailable, what takes less is not", async () => {
    proxy.delay = TIMEOUT / 4;
    expect(await tenant().families.find("family")).toStrictEqual(aFamily());
    proxy.delay = TIMEOUT;
    await expectUnavailable();
    proxy.delay = 0;
    await expectRecovery();
  });

  it.each(["cut", "silent"] as const)(
    "is %s: all calls are unavailable in time, and work again by themselves",
    async (weather) => {
      await openConnections();
      proxy.become(weather);
      await expectUnavailable();
      await expectUnavailable();
      proxy.become("passing");
      await expectRecovery();
      expect(await tenant().families.find("other")).toBeDefined();
    },
  );

  it("forgets all connections for a moment: they are given up one and all", async () => {
    await openConnections();
    proxy.become("silent");
    proxy.become("passing");
    await expectRecovery();
  });

  it("loses the answer of a refresh: the row tells by its attempt, and is reconciled", async () => {
    proxy.become("losing answers");
    await expect(tenant().families.advance("family", aStep({ attemptId: "lost" }))).rejects.toThrow(
      StoreUnavailableError,
    );
    proxy.become("passing");
    const other = await openMongoStore(database.url);
    const { families } = other.forTenant("acme");
    expect(await families.reconcile("family", "lost", NOW + 99, NOW + 99)).toBe(true);
    expect(await families.find("family")).toMatchObject({ generation: 1, attemptId: "lost", rotatedAt: NOW + 99 });
    await other.close();
  });
});
