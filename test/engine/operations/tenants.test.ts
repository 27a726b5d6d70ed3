import { beforeEach, describe, expect, it } from "vitest";
import type { InstanceEngine } from "../../../src/engine/port.ts";
import type { CreateTenantRequest } from "../../../src/engine/registry-request.ts";
import type { Operator } from "../../../src/registry/tenant.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { OPERATOR_ID, SECRET, sha256Secret, testTenant } from "../../support/tenant.ts";

const as = (id: string, secret = SECRET) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}`, requestId: "r1" });
const operator = as(OPERATOR_ID);
const DAY = 86_400_000;
const SETTINGS = { signing: { algorithm: "ES256" }, resources: { nitro: ["nitro.read"] } };

let context: TestContext;
let instance: InstanceEngine;
beforeEach(async () => {
  await startWith();
});

async function startWith(...others: readonly Omit<Operator, "secrets">[]): Promise<void> {
  const tenant = testTenant();
  const all = others.map((other) => [other.id, { ...other, secrets: [sha256Secret(SECRET)] }] as const);
  context = await testContext(testTenant({ operators: new Map([...tenant.operators, ...all]) }));
  instance = context.node.engine.instance;
}

const create = (request: CreateTenantRequest = {}) =>
  instance.createTenant(operator, { tenant: "acme", settings: SETTINGS, ...request });
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    ({ code, conflict, message }) => ({ code, conflict, message }),
  );

describe("a tenant that an operator registers", () => {
  it("is served at once, with keys, and clients can be registered in it", async () => {
    const { tenant, effectiveAt } = await create();
    expect(tenant).toMatchObject({ tenant: "acme", source: "stored", settings: SETTINGS, problems: [] });
    expect(tenant).not.toHaveProperty("secrets");
    expect(effectiveAt).toBeGreaterThan(context.clock.now());
    const engine = context.node.engine.forTenant("acme");
    expect((await engine?.jwks())?.keys).toHaveLength(1);
    const settings = { grants: ["arbitrary_identity"], scopes: ["read"] };
    await engine?.createClient(operator, { client: "billing", settings });
    const added = await engine?.addClientSecret(operator, { client: "billing" });
    const credentials = { clientId: "billing", clientSecret: added?.secret ?? "" };
    const minted = await engine?.mint(credentials, { grantType: "arbitrary_identity", subject: "a", scopes: ["read"] });
    expect(await engine?.introspect(credentials, { token: `${minted?.accessToken}` })).toMatchObject({ active: true });
  });

  it("is made once, under a key too", async () => {
    const first = await create({ idempotencyKey: "k" });
    expect((await create({ idempotencyKey: "k" })).tenant?.etag).toBe(first.tenant?.etag);
    expect(await refusal(create({ idempotencyKey: "k", settings: {} }))).toMatchObject({ conflict: "already_exists" });
    expect(await refusal(create())).toMatchObject({ code: "invalid_request", conflict: "already_exists" });
  });

  it("is only checked if that is asked for", async () => {
    expect(await create({ validateOnly: true })).toMatchObject({ tenant: { tenant: "acme" } });
    expect(await refusal(instance.getTenant(operator, { tenant: "acme" }))).toMatchObject({ conflict: "not_found" });
    expect(await context.wholeStore.forTenant("acme").keys.list()).toEqual([]);
  });

  it.each([
    [{ issuer: "nowhere" }, /^tenants\.acme\.issuer: expected/],
    [{ signing: { rotateEvery: "1h" } }, /^tenants\.acme\.signing\.rotateEvery: expected at least/],
    [{ limit: {} }, /^tenants\.acme\.limit: unknown key; did you mean limits\?/],
    [{ clients: {} }, /^settings\.clients is not allowed: clients are registered by CreateClient/],
    [
      { issuer: "https://mint.example/" },
      /^tenants\.acme\.issuer: 'https:\/\/mint\.example\/?' is the issuer of the tenant default/,
    ],
  ])("obeys the rules of the file: %j", async (settings, message) => {
    expect(await refusal(create({ settings }))).toMatchObject({
      code: "invalid_request",
      conflict: undefined,
      message: expect.stringMatching(message),
    });
  });

  it("has a name as in the file, and is not one of the file", async () => {
    expect(await refusal(create({ tenant: undefined }))).toMatchObject({ message: "tenant is required." });
    expect(await refusal(create({ tenant: "Acme" }))).toMatchObject({ message: expect.stringContaining("lower-case") });
    expect(await refusal(create({ tenant: "default" }))).toMatchObject({ conflict: "failed_precondition" });
    expect(await instance.getTenant(operator, { tenant: "default" })).toMatchObject({ source: "file" });
  });
});

describe("a change of a tenant", () => {
  it("sets what the request has, what its mask names, or everything", async () => {
    await create();
    const update = async (settings: CreateTenantRequest["settings"], updateMask?: readonly string[]) =>
      (await instance.updateTenant(operator, { tenant: "acme", settings, updateMask })).tenant?.settings;
    expect(await update({ markClaim: "ns" })).toEqual({ ...SETTINGS, markClaim: "ns" });
    expect(await update({ markClaim: "other" }, ["resources"])).toEqual({ signing: SETTINGS.signing, markClaim: "ns" });
    expect(await update({}, ["*"])).toEqual({});
    for (const name of ["signing.algorithm", "sining", "toString"])
      expect(await refusal(update({}, [name]))).toMatchObject({
        message: `update_mask must name settings as a whole: there is no '${name}'.`,
      });
  });

  it("is refused over one that the operator has not seen, or that is not there", async () => {
    const { tenant } = await create();
    const update = (etag: string | undefined, of = "acme") =>
      refusal(instance.updateTenant(operator, { tenant: of, settings: { markClaim: "ns" }, etag }));
    expect(await update("old")).toMatchObject({ conflict: "aborted" });
    expect(await update(tenant?.etag)).toBeUndefined();
    expect(await update(tenant?.etag)).toMatchObject({ conflict: "aborted" });
    expect(await update(undefined, "nobody")).toMatchObject({ conflict: "not_found" });
  });

  it("of its signing is a rotation, which nodes make once", async () => {
    await create();
    const other = await testContext(testTenant(), context.wholeStore, undefined, context.clock);
    const nodes = [context, other].map(({ node }) => node);
    const [first] = (await context.node.engine.forTenant("acme")?.jwks())?.keys ?? [];
    const now = context.clock.now();
    const signing = { algorithm: "EdDSA", publishAhead: "2d", rotateEvery: "30d", jwksMaxAge: "1h" };
    await instance.updateTenant(operator, { tenant: "acme", settings: { signing } });
    for (const node of nodes) await node.jobs.find(({ name }) => name === "poll registry")?.run();
    for (const node of [...nodes, ...nodes]) {
      await node.engine.forTenant("acme")?.listKeys(operator);
      await node.pollKeys();
    }
    for (const node of nodes) {
      const keys = (await node.engine.forTenant("acme")?.listKeys(operator))?.filter(({ use }) => use === "signing");
      expect(keys).toMatchObject([
        { kid: first?.kid, algorithm: "ES256", state: "active", retireAt: now + 2 * DAY },
        { algorithm: "EdDSA", state: "pending", activateAt: now + 2 * DAY },
      ]);
      expect((await node.engine.forTenant("acme")?.jwks())?.keys).toHaveLength(2);
    }
  });

  it("deletes it, and answers once every node knows", async () => {
    await create();
    const before = context.clock.now();
    const { tenant, effectiveAt, keptUntil } = await instance.deleteTenant(operator, { tenant: "acme", wait: true });
    expect(tenant).toBeUndefined();
    expect(context.clock.now()).toBeGreaterThan(Math.max(before, effectiveAt));
    expect(keptUntil).toBeGreaterThan(effectiveAt);
    expect(context.node.engine.forTenant("acme")).toBeUndefined();
    expect(await refusal(instance.deleteTenant(operator, { tenant: "acme" }))).toMatchObject({ conflict: "not_found" });
    expect(await refusal(create())).toMatchObject({ conflict: "failed_precondition" });
  });

  it("is told with the names of what changed, and never a value", async () => {
    await create();
    expect(context.logger.lines.map(({ fields }) => fields)).toContainEqual({
      event: "tenant_registered",
      operation: "createTenant",
      tenant: "acme",
      operator: OPERATOR_ID,
      change: "created",
      fields: ["signing", "resources"],
      validateOnly: false,
      requestId: "r1",
      duration: expect.any(Number),
    });
  });
});

describe("the list of tenants", () => {
  it("has both sources, sorted by id, in pages, by text", async () => {
    for (const tenant of ["b1", "a2", "b3"]) await create({ tenant });
    const list = async (request = {}) => {
      const { tenants, nextPageToken } = await instance.listTenants(operator, request);
      return { ids: tenants.map(({ tenant }) => tenant), nextPageToken };
    };
    expect((await list()).ids).toEqual(["a2", "b1", "b3", "default"]);
    const first = await list({ pageSize: 3 });
    expect((await list({ pageSize: 3, pageToken: first.nextPageToken })).ids).toEqual(["default"]);
    expect((await list({ filter: "B" })).ids).toEqual(["b1", "b3"]);
    expect(await refusal(list({ pageToken: "x" }))).toMatchObject({ code: "invalid_request" });
  });
});

describe("what an operator may do about tenants", () => {
  const only = (...tenants: readonly string[]) => new Set(tenants);

  it("depends on its role", async () => {
    await startWith(
      { id: "reader", roles: new Set(["read"]), tenants: "*" },
      { id: "other", roles: new Set(["keys", "clients"]), tenants: "*" },
    );
    await create();
    const calls = (id: string) => ({
      createTenant: instance.createTenant(as(id), { tenant: "new" }),
      updateTenant: instance.updateTenant(as(id), { tenant: "acme", settings: { markClaim: "ns" } }),
      deleteTenant: instance.deleteTenant(as(id), { tenant: "acme" }),
      getTenant: instance.getTenant(as(id), { tenant: "acme" }),
      listTenants: instance.listTenants(as(id), {}),
    });
    const refused = async (id: string) => {
      const all = await Promise.all(Object.entries(calls(id)).map(async ([name, call]) => [name, await refusal(call)]));
      return all.flatMap(([name, refused]) => (refused === undefined ? [] : [name]));
    };
    expect(await refused("reader")).toEqual(["createTenant", "updateTenant", "deleteTenant"]);
    expect(await refused("other")).toHaveLength(5);
    expect(await refusal(instance.getTenant(as("other"), { tenant: "acme" }))).toMatchObject({
      code: "access_denied",
      message: "The operator needs the role tenants or read.",
    });
  });

  it("depends on its tenants, whether there are such tenants or not", async () => {
    await startWith({ id: "limited", roles: new Set(["tenants"]), tenants: only("acme", "later") });
    const limited = as("limited");
    await create({ tenant: "globex" });
    await instance.createTenant(limited, { tenant: "acme" });
    const denied = { code: "access_denied", message: "The operator may not act for that tenant." };
    for (const tenant of ["globex", "nobody", "default"]) {
      expect(await refusal(instance.getTenant(limited, { tenant }))).toMatchObject(denied);
      expect(await refusal(instance.createTenant(limited, { tenant }))).toMatchObject(denied);
      expect(await refusal(instance.updateTenant(limited, { tenant, settings: {} }))).toMatchObject(denied);
      expect(await refusal(instance.deleteTenant(limited, { tenant }))).toMatchObject(denied);
    }
    expect(context.logger.lines.at(-1)?.fields).toMatchObject({
      event: "refused",
      operator: "limited",
      tenant: "default",
    });
    const { tenants } = await instance.listTenants(limited, {});
    expect(tenants.map(({ tenant }) => tenant)).toEqual(["acme"]);
    expect(await refusal(instance.getTenant(limited, { tenant: "later" }))).toMatchObject({ conflict: "not_found" });
  });

  it("is nothing without a right secret, and guesses are limited", async () => {
    const wrong = { ...as(OPERATOR_ID, "wrong"), remoteAddress: "192.0.2.1" };
    for (let i = 0; i < 10; i++)
      expect(await refusal(instance.getTenant(wrong, { tenant: `t${i}` }))).toMatchObject({ code: "invalid_client" });
    expect(await refusal(instance.getTenant(wrong, { tenant: "default" }))).toMatchObject({
      message: expect.stringContaining("Too many failed attempts"),
    });
    expect(await refusal(instance.listTenants({}, {}))).toMatchObject({ code: "invalid_client" });
    expect(JSON.stringify(context.logger.lines)).not.toContain("t1");
  });
});
