import { beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import { jweSealer } from "../../src/keyring/seal.ts";
import { ConfigError } from "../../src/schema/problems.ts";
import { StoreUnavailableError } from "../../src/store/port.ts";
import { LONGEST_LIFETIMES } from "../../src/token/lifetimes.ts";
import { fakeClock } from "../support/clock.ts";
import { TEST_KEY_ENCRYPTION_KEY, type TestContext, testContext } from "../support/context.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { clientRow, tenantRow } from "../support/registry.ts";
import { CLIENT_ID, fileOf, SECRET, testClient, testTenant } from "../support/tenant.ts";

const ENTRY: JsonObject = { grants: ["arbitrary_no_subject"], requireSecret: false, allowPublicMint: true };
const DAY = 86_400_000;

let store: FailingStore;
let node: TestContext;

beforeEach(async () => {
  store = failingStore(createMemoryStore());
  node = await testContext(testTenant(), store);
});

const put = (row: ReturnType<typeof clientRow>, ifEtag?: string) => store.registrations.put(row, ifEtag);
const poll = async (of = node) => of.node.jobs.find(({ name }) => name === "poll registry")?.run();
const has = (id: string, of = node) => of.registrations.tenant("default")?.clients.has(id);
const mint = () =>
  node.engine.mint(
    { clientId: CLIENT_ID, clientSecret: SECRET },
    { grantType: "arbitrary_no_subject", arbitraryClaims: {} },
  );

describe("a node that follows the registrations", () => {
  it("has at its start what was there before", async () => {
    await put(clientRow("billing", ENTRY));
    expect(has("billing")).toBe(false);
    expect(has("billing", await testContext(testTenant(), store))).toBe(true);
  });

  it("asks for nothing but the revision while nothing changes", async () => {
    await put(clientRow("billing", ENTRY));
    await poll();
    store.calls.length = 0;
    await poll();
    expect(store.calls).toEqual(["registrations.revision"]);
  });

  it("has everything of many pages", async () => {
    for (let id = 0; id < 1_203; id++) await put(clientRow(`${id}`, ENTRY));
    await poll();
    expect(node.registrations.clients("default")).toHaveLength(1_204);
  });

  it("records lifetimes before it serves an entry, and serves it only then", async () => {
    const { meta } = store.forTenant("default");
    await put(clientRow("billing", { ...ENTRY, accessTokenLifetime: "80d" }));
    store.failNext("meta.raise", "refused");
    await expect(poll()).rejects.toThrow(StoreUnavailableError);
    expect(has("billing")).toBe(false);
    await poll();
    expect(has("billing")).toBe(true);
    expect(await meta.read(LONGEST_LIFETIMES.jwt)).toBe(80 * 86_400);
  });

  it("opens the keys of a new tenant before it serves it, and makes them", async () => {
    await put(tenantRow("acme", { signing: { algorithm: "ES256" } }));
    store.failNext("keys.append", "refused");
    await expect(poll()).rejects.toThrow(StoreUnavailableError);
    expect(node.node.engine.forTenant("acme")).toBeUndefined();
    await poll();
    expect((await node.node.engine.forTenant("acme")?.jwks())?.keys).toHaveLength(1);
  });

  it("leaves out a new tenant whose keys do not open, and serves the others", async () => {
    const binding = {
      tenant: "acme",
      use: "signing",
      generation: 1,
      algorithm: "ES256",
      createdAt: 1,
      activateAt: 1,
    } as const;
    const sealed = await jweSealer([new Uint8Array(32).fill(9)]).seal("{}", { ...binding, request: undefined });
    const { tenant: _, ...key } = binding;
    await store.forTenant("acme").keys.append({ ...key, sealed, request: undefined }, 0);
    await put(tenantRow("acme", {}));
    await put(clientRow("billing", ENTRY));
    await poll();
    expect(has("billing")).toBe(true);
    expect(node.node.engine.forTenant("acme")).toBeUndefined();
    expect(node.registrations.find("tenant", "acme", "acme")).toMatchObject([
      { problems: [expect.stringContaining("no configured key-encryption key sealed it")] },
    ]);
  });

  it("tells once of an entry that it does not use, and has a remark on it", async () => {
    await put(clientRow("billing", { novel: 1 }));
    await poll();
    await put(clientRow("other", ENTRY));
    await poll();
    const lines = node.logger.lines.filter(({ level }) => level === "error");
    expect(lines).toMatchObject([
      { fields: { event: "registration_unusable", kind: "client", id: "billing", isKept: false } },
    ]);
    const check = node.node.checks.find(({ name }) => name === "registry");
    expect(await check?.run()).toBeUndefined();
    expect(check?.remark?.()).toContain("1 registered tenants or clients are not used");
  });

  it("tells nothing of a value in the log", async () => {
    await put(clientRow("billing", { namespace: 5, scopes: ["a secret in the wrong place"] }));
    await poll();
    expect(node.logger.text()).toContain("billing");
    expect(node.logger.text()).not.toContain(TEST_KEY_ENCRYPTION_KEY.join());
  });

  describe("and could not read them for too long", () => {
    const STALE = 10 * 365 * DAY + 1;

    it("refuses every request and is not ready, until it reads them again", async () => {
      const clock = fakeClock();
      node = await testContext(testTenant(), store, undefined, clock);
      const check = node.node.checks.find(({ name }) => name === "registry");
      await mint();
      clock.advance(STALE);
      expect(await refusalOf(mint())).toEqual({
        code: "temporarily_unavailable",
        message: "This node could not read its clients for too long. Try again.",
      });
      expect(await check?.run()).toContain("too long ago");
      // Somebody may have registered it since.
      expect(await refusalOf((async () => node.node.engine.forTenant("acme"))())).toMatchObject({
        code: "temporarily_unavailable",
      });
      store.failNext("registrations.revision", "refused");
      store.failNext("registrations.changes", "refused");
      await expect(poll()).rejects.toThrow(StoreUnavailableError);
      expect(await check?.run()).toContain("too long ago");
      await node.node.pollKeys();
      await poll();
      expect(await check?.run()).toBeUndefined();
      await mint();
    });

    it("reads everything, as tombstones may have gone", async () => {
      await put(clientRow("billing", ENTRY));
      await poll();
      expect(has("billing")).toBe(true);
      const row = await store.registrations.find(clientRow("billing", {}));
      await put(clientRow("billing", {}, { etag: "2", deletedAt: 1, purgeAt: 1 }), row?.etag);
      await store.sweep(2, 10);
      node.clock.advance(STALE);
      await poll();
      expect(has("billing")).toBe(false);
    });
  });
});

describe("another file", () => {
  it("is laid over what is stored", async () => {
    await put(clientRow("billing", ENTRY));
    await poll();
    await node.node.reconfigure(fileOf(testTenant({}, [testClient({ id: "new" })])));
    expect([...(node.registrations.tenant("default")?.clients.keys() ?? [])]).toEqual(["new", "billing"]);
  });

  it.each([
    ["gives a tenant a stored one's issuer", testTenant({ issuer: "https://acme.example" }), "tenants.default.issuer"],
    [
      "lets a client use a stored tenant's issuer",
      testTenant({}, [testClient({ allowedIssuers: new Set(["https://acme.example"]) })]),
      "allowedIssuers",
    ],
    [
      "makes a stored client break a rule",
      testTenant({ resources: new Map() }),
      "the stored client billing of the tenant default: clients.billing.introspection[0]",
    ],
    [
      "leaves a stored client without its tenant",
      testTenant({ id: "other", issuer: "https://other.example" }),
      "billing",
    ],
  ])("is refused whole if it %s, and its problem names both", async (_, tenant, problem) => {
    await put(tenantRow("acme", { issuer: "https://acme.example" }));
    await put(clientRow("billing", { ...ENTRY, introspection: ["aggregator_service"] }));
    await poll();
    const served = [...node.node.registry.tenants()];
    await expect(node.node.reconfigure(fileOf(tenant))).rejects.toThrow(problem);
    expect([...node.node.registry.tenants()]).toEqual(served);
  });

  it("that contradicts what is stored is no start", async () => {
    await put(tenantRow("acme", { issuer: "https://mint.example" }));
    await expect(testContext(testTenant(), store)).rejects.toThrow(ConfigError);
    await poll();
    expect(node.node.engine.forTenant("acme")).toBeUndefined();
    expect(node.node.engine.forTenant("default")).toBeDefined();
  });
});
