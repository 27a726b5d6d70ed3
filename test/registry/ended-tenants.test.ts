import { beforeEach, describe, expect, it } from "vitest";
import { FOREVER } from "../../src/base/clock.ts";
import type { JsonObject } from "../../src/base/json.ts";
import type { Change } from "../../src/registry/registration-change.ts";
import type { RegistrationError } from "../../src/registry/registration-error.ts";
import { JOBS } from "../../src/server/jobs.ts";
import { StoreUnavailableError } from "../../src/store/port.ts";
import { LONGEST_LIFETIMES } from "../../src/token/lifetimes.ts";
import { fakeClock } from "../support/clock.ts";
import { TEST_SETTINGS, type TestContext, testContext } from "../support/context.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { fileOf, testTenant } from "../support/tenant.ts";

const CLIENT: JsonObject = { grants: ["arbitrary_no_subject"], requireSecret: false, allowPublicMint: true };
const DAY = 86_400_000;

let store: FailingStore;
let node: TestContext;
let other: TestContext;

/** Two nodes on one store. Nobody reads keys here, however the clock is moved. */
beforeEach(async () => {
  store = failingStore(createMemoryStore());
  node = await start();
  other = await start();
});

function start(...tenants: readonly string[]): Promise<TestContext> {
  const settings = { registryMaxStaleness: TEST_SETTINGS.registryMaxStaleness };
  const file = fileOf(testTenant(), ...tenants.map((id) => testTenant({ id, issuer: `https://${id}.example` }, [])));
  return testContext(testTenant(), store, undefined, node?.clock ?? fakeClock(), { settings, file });
}

const write = (by: TestContext, change: Pick<Change, "kind" | "id"> & Partial<Change>) =>
  by.registrations.write({ tenant: "acme", make: () => ({ entry: {}, secrets: [] }), ...change });
const createTenant = (by = node, entry: JsonObject = {}) =>
  write(by, { kind: "tenant", id: "acme", make: () => ({ entry, secrets: [] }) });
const createClient = (by = node, entry: JsonObject = {}) =>
  write(by, { kind: "client", id: "billing", make: () => ({ entry: { ...CLIENT, ...entry }, secrets: [] }) });
const deleteTenant = (by = node) => write(by, { kind: "tenant", id: "acme", make: () => undefined, force: true });
const run = async (of: TestContext, name: string) => {
  await of.node.jobs.find((job) => job.name === name)?.run();
};
const finish = async (by = node) => {
  await run(by, JOBS.pollRegistry);
  await run(by, JOBS.endTenants);
};
const keys = () => store.forTenant("acme").keys.list();
const rowOf = (kind: string, id: string) => store.registrations.find({ kind, tenant: "acme", id });
const whyNot = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    ({ why, problems }: RegistrationError) => ({ why, problems }),
  );
const mint = (by: TestContext) =>
  by.node.engine
    .forTenant("acme")
    ?.mint({ clientId: "billing" }, { grantType: "arbitrary_no_subject", arbitraryClaims: {} });

describe("a tenant that is deleted", () => {
  it("takes its clients with it at once, and their rows soon", async () => {
    await createTenant();
    await createClient();
    await mint(node);
    await deleteTenant();
    expect(node.node.engine.forTenant("acme")).toBeUndefined();
    expect(await whyNot(createClient())).toMatchObject({ why: "no tenant" });
    expect(node.registrations.clients("acme")).toEqual([]);
    expect((await rowOf("client", "billing"))?.deletedAt).toBeUndefined();
    expect(node.logger.lines.filter(({ level }) => level === "error")).toEqual([]);
    await finish(other);
    expect((await rowOf("client", "billing"))?.deletedAt).toBeDefined();
  });

  it("is not deleted while it has clients that are not to go with it", async () => {
    await createTenant();
    await createClient();
    const call = write(node, { kind: "tenant", id: "acme", make: () => undefined });
    expect(await whyNot(call)).toMatchObject({ why: "in use" });
  });

  it("keeps its keys and its name while one of its tokens can be alive, and no longer", async () => {
    const issuer = "https://acme.example";
    await createTenant(node, { issuer });
    await createClient(node, { accessTokenLifetime: "5d" });
    const { keptUntil = 0 } = await deleteTenant();
    expect(keptUntil - node.clock.now()).toBeGreaterThan(5 * DAY + TEST_SETTINGS.registryMaxStaleness * 1000);
    node.clock.advance(keptUntil - node.clock.now());
    await finish();
    await finish();
    expect(await keys()).toHaveLength(2);
    const told = new Date(keptUntil).toISOString();
    expect(await whyNot(createTenant())).toEqual({ why: "kept", problems: [expect.stringContaining(told)] });
    expect(await whyNot(createTenant(other, { issuer }))).toMatchObject({ why: "kept" });
    node.clock.advance(1);
    await finish(other);
    expect(await keys()).toEqual([]);
    expect(other.logger.lines.map(({ fields }) => fields)).toContainEqual({ event: "tenant_purged", tenant: "acme" });
    await createTenant(node, { issuer });
    expect(await keys()).toHaveLength(2);
    expect((await node.node.engine.forTenant("acme")?.jwks())?.keys).toHaveLength(1);
    expect(await refusalOf(mint(node) ?? Promise.resolve())).toMatchObject({ code: "invalid_client" });
  });

  it("keeps them for longer if a longer lifetime became known meanwhile", async () => {
    await createTenant();
    const { keptUntil = 0 } = await deleteTenant();
    await store.forTenant("acme").meta.raise(LONGEST_LIFETIMES.jwt, (30 * DAY) / 1000);
    node.clock.advance(keptUntil - node.clock.now() + 1);
    await finish();
    expect(await keys()).toHaveLength(2);
    node.clock.advance(29 * DAY);
    await finish();
    expect(await keys()).toEqual([]);
  });

  it.each(["refused", "lost"] as const)("is finished by another node if the one at it dies: %s", async (failure) => {
    for (const call of ["keys.forget", "registrations.put"]) {
      await createTenant();
      const { keptUntil = 0 } = await deleteTenant();
      node.clock.advance(keptUntil - node.clock.now() + 1);
      await run(node, JOBS.pollRegistry);
      store.failNext(call, failure);
      await expect(run(node, JOBS.endTenants)).rejects.toThrow(StoreUnavailableError);
      await finish(other);
      expect(await keys()).toEqual([]);
      expect((await rowOf("tenant", "acme"))?.purgeAt).toBeLessThanOrEqual(node.clock.now());
      await createTenant(other);
      await deleteTenant(other);
      node.clock.advance(100 * DAY);
      await finish();
    }
  });

  it("leaves nothing to a node that is slow, although there is another tenant of its name", async () => {
    await createTenant();
    const { keptUntil = 0 } = await deleteTenant();
    node.clock.advance(keptUntil - node.clock.now() + 1);
    await run(node, JOBS.pollRegistry);
    store.beforeNext("keys.forget", async () => {
      await finish(other);
      await createTenant(other);
    });
    await run(node, JOBS.endTenants);
    expect(await keys()).toHaveLength(2);
    expect(await rowOf("tenant", "acme")).toMatchObject({ deletedAt: undefined, purgeAt: FOREVER });
  });

  it("leaves its keys to a tenant of the file with its name, but none of its clients", async () => {
    await createTenant();
    await createClient();
    await deleteTenant();
    const before = await keys();
    const withFile = await start("acme");
    expect(withFile.registrations.clients("acme")).toEqual([]);
    await finish(withFile);
    await finish(withFile);
    node.clock.advance(10 * DAY);
    await finish(node);
    expect(await keys()).toEqual(expect.arrayContaining([...before]));
    await store.sweep(node.clock.now(), 100);
    const later = await start("acme");
    expect(later.registrations.clients("acme")).toEqual([]);
    await createClient(later);
    await mint(later);
  });
});

describe("a tenant that two nodes create at once", () => {
  it("has one set of keys, which are there before anybody can see it", async () => {
    let seen: number | undefined;
    store.beforeNext("registrations.put", async () => {
      store.beforeNext("registrations.put", async () => {
        seen = (await keys()).length;
        await createTenant(other, { markClaim: "other" });
      });
    });
    const make = (current: unknown) => {
      if (current !== undefined) throw new Error("there already");
      return { entry: {}, secrets: [] };
    };
    await expect(write(node, { kind: "tenant", id: "acme", make })).rejects.toThrow("there already");
    expect(seen).toBe(2);
    expect(await keys()).toHaveLength(2);
    await run(node, JOBS.pollRegistry);
    const jwks = [node, other].map((by) => by.node.engine.forTenant("acme")?.jwks());
    const kids = (await Promise.all(jwks)).map((set) => set?.keys[0]?.kid);
    expect(kids[0]).toBeDefined();
    expect(kids[0]).toBe(kids[1]);
    expect(node.registrations.tenant("acme")?.namespaceClaim).toBe("other");
  });

  it("reserves the issuer of the one that won alone", async () => {
    const [mine, its] = ["https://mine.example", "https://its.example"];
    const make = (current: unknown) => {
      if (current !== undefined) throw new Error("there already");
      return { entry: { issuer: mine }, secrets: [] };
    };
    // The first put is that of the reservation.
    store.beforeNext("registrations.put", async () => {
      store.beforeNext("registrations.put", () => createTenant(other, { issuer: its }));
    });
    await expect(write(node, { kind: "tenant", id: "acme", make })).rejects.toThrow("there already");
    const named = (id: string, issuer: string) =>
      write(node, { kind: "tenant", tenant: id, id, make: () => ({ entry: { issuer }, secrets: [] }) });
    expect(await whyNot(named("globex", its))).toMatchObject({ why: "invalid" });
    await named("globex", mine);
    expect(await whyNot(named("initech", mine))).toMatchObject({ why: "invalid" });
  });

  it("keeps the issuer that both wanted", async () => {
    const issuer = "https://same.example";
    store.beforeNext("registrations.put", async () => {
      store.beforeNext("registrations.put", () => createTenant(other, { issuer }));
    });
    await createTenant(node, { issuer, markClaim: "ns" });
    const reserved = await store.registrations.changes(0, 10);
    const living = reserved.records.filter(({ kind, deletedAt }) => kind === "issuer" && deletedAt === undefined);
    expect(living).toHaveLength(1);
  });
});

describe("the issuer of a tenant", () => {
  const named = (id: string, issuer: string) =>
    write(node, { kind: "tenant", tenant: id, id, make: () => ({ entry: { issuer }, secrets: [] }) });

  it("is kept with its name, although the node that deleted it could not say so", async () => {
    await named("acme", "https://acme.example");
    store.beforeNext("registrations.put", async () => store.failNext("registrations.find", "refused"));
    await expect(deleteTenant()).rejects.toThrow(StoreUnavailableError);
    await run(node, JOBS.pollRegistry);
    expect(node.node.engine.forTenant("acme")).toBeUndefined();
    node.clock.advance(DAY);
    await run(node, JOBS.pollRegistry);
    expect(await whyNot(named("globex", "https://acme.example"))).toMatchObject({ why: "kept" });
  });

  it("can be taken back by the tenant that gave it up", async () => {
    await named("acme", "https://one.example");
    await named("acme", "https://two.example");
    expect(await whyNot(named("globex", "https://one.example"))).toMatchObject({ why: "kept" });
    await named("acme", "https://one.example");
    expect(await whyNot(named("globex", "https://one.example"))).toMatchObject({ why: "invalid" });
    expect(await whyNot(named("globex", "https://two.example"))).toMatchObject({ why: "kept" });
  });
});
