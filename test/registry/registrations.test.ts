import { beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import type { StoredEntry } from "../../src/registry/document.ts";
import type { Change } from "../../src/registry/registration-change.ts";
import type { RegistrationError } from "../../src/registry/registration-error.ts";
import { formatSha256 } from "../../src/registry/secret.ts";
import { LONGEST_LIFETIMES } from "../../src/token/lifetimes.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, sha256Secret, testClient, testTenant } from "../support/tenant.ts";

const ENTRY: JsonObject = {
  grants: ["arbitrary_no_subject"],
  scopes: ["nitro"],
  requireSecret: false,
  allowPublicMint: true,
};
const DAY = 86_400_000;

let store: FailingStore;
let node: TestContext;

beforeEach(async () => {
  store = failingStore(createMemoryStore());
  node = await testContext(testTenant(), store);
});

const saying =
  (entry: JsonObject, more: Partial<StoredEntry> = {}) =>
  () => ({ entry, secrets: [], ...more });
const change = (changes: Partial<Change> = {}): Change => ({
  kind: "client",
  tenant: "default",
  id: "billing",
  make: saying(ENTRY),
  ...changes,
});
const write = (changes: Partial<Change> = {}, by = node) => by.registrations.write(change(changes));
const refusal = (changes: Partial<Change>) =>
  write(changes).then(
    () => undefined,
    ({ why, problems }: RegistrationError) => ({ why, problems }),
  );
const mint = (by: TestContext, clientId = "billing") =>
  by.node.engine
    .forTenant("default")
    ?.mint({ clientId }, { grantType: "arbitrary_no_subject", scopes: ["nitro"], arbitraryClaims: {} });
const rowOf = (id = "billing") => store.registrations.find({ kind: "client", tenant: "default", id });
const poll = async (of: TestContext) => of.node.jobs.find(({ name }) => name === "poll registry")?.run();

describe("a registered client", () => {
  it("is served at once where it was written, and elsewhere after a poll", async () => {
    const other = await testContext(testTenant(), store, undefined, node.clock);
    expect(await refusalOf(mint(node) ?? Promise.resolve())).toMatchObject({ code: "invalid_client" });
    const { entry, effectiveAt, certainAt, isRepeated } = await write();
    expect(entry).toMatchObject({ kind: "client", id: "billing", source: "stored", words: ENTRY, problems: [] });
    expect(isRepeated).toBe(false);
    expect(certainAt).toBeGreaterThan(effectiveAt);
    expect(effectiveAt).toBe(node.clock.now() + 2_000 + 2_000);
    await mint(node);
    expect(await refusalOf(mint(other) ?? Promise.resolve())).toMatchObject({ code: "invalid_client" });
    await poll(other);
    await mint(other);
  });

  it("is changed, disabled and deleted", async () => {
    await write();
    const { entry } = await write({
      make: (current) => ({ secrets: [], entry: { ...current?.entry, enabled: false } }),
    });
    expect(entry?.words).toEqual({ ...ENTRY, enabled: false });
    expect(await refusalOf(mint(node) ?? Promise.resolve())).toMatchObject({ message: "The client is disabled." });
    expect((await write({ make: () => undefined })).entry).toBeUndefined();
    expect(await refusalOf(mint(node) ?? Promise.resolve())).toMatchObject({ code: "invalid_client" });
    expect(node.registrations.find("client", "default", "billing")).toEqual([]);
    await write();
    await mint(node);
  });

  it("is written only over what its writer has seen, if it says so", async () => {
    const first = await write();
    const second = await write({ ifEtag: first.entry?.etag });
    expect(await refusal({ ifEtag: first.entry?.etag })).toMatchObject({ why: "stale" });
    expect((await rowOf())?.etag).toBe(second.entry?.etag);
    expect(await refusal({ id: "other", ifEtag: "some" })).toMatchObject({ why: "stale" });
  });

  it("is made of what is there then, if somebody else is faster", async () => {
    await write();
    const other = await testContext(testTenant(), store, undefined, node.clock);
    store.beforeNext("registrations.put", () =>
      write({ make: (current) => ({ secrets: [], entry: { ...current?.entry, namespace: "shared" } }) }, other),
    );
    const make = (current: StoredEntry | undefined) => ({ secrets: [], entry: { ...current?.entry, enabled: false } });
    expect((await write({ make })).entry?.words).toEqual({ ...ENTRY, namespace: "shared", enabled: false });
  });

  it("is refused by the rules of the file, with their words", async () => {
    const refusals: readonly [JsonObject, string][] = [
      [{ ...ENTRY, scopes: ["a b"] }, "clients.billing.scopes[0]: expected a scope"],
      [{ ...ENTRY, grants: ["nothing"] }, "clients.billing.grants[0]: unknown grant type"],
      [{ ...ENTRY, secrets: [] }, "clients.billing.secrets: unknown key"],
      [{ ...ENTRY, introspection: ["gone"] }, 'clients.billing.introspection[0]: "gone" is not a resource'],
    ];
    for (const [entry, problem] of refusals)
      expect(await refusal({ make: saying(entry) })).toEqual({
        why: "invalid",
        problems: [expect.stringContaining(problem)],
      });
    expect(await rowOf()).toBeUndefined();
  });

  it("is not written if it is the file's, has no tenant, or is not there", async () => {
    expect(await refusal({ id: CLIENT_ID })).toMatchObject({ why: "file" });
    expect(await refusal({ kind: "tenant", id: "default" })).toMatchObject({ why: "file" });
    expect(await refusal({ tenant: "acme" })).toMatchObject({ why: "no tenant" });
    expect(await refusal({ make: () => undefined })).toMatchObject({ why: "missing" });
  });

  it("is only looked at if that is what is asked", async () => {
    expect((await write({ validateOnly: true })).entry?.words).toEqual(ENTRY);
    expect(await rowOf()).toBeUndefined();
    expect(await store.registrations.revision()).toBe(0);
    expect(await refusal({ validateOnly: true, make: saying({ novel: 1 }) })).toMatchObject({ why: "invalid" });
  });

  it("is written once by a request that is repeated, as its answer was lost", async () => {
    store.failNext("registrations.put", "lost");
    await expect(write({ request: "one" })).rejects.toThrow("lost");
    const { isRepeated, entry } = await write({ request: "one", make: saying({}) });
    expect([isRepeated, entry?.words]).toEqual([true, ENTRY]);
    await write({ request: "two", make: () => undefined });
    expect(await write({ request: "two", make: () => undefined })).toMatchObject({
      isRepeated: true,
      entry: undefined,
    });
  });

  it("has its lifetimes recorded before any node can see it", async () => {
    const lifetime = 50 * 86_400;
    const { meta } = store.forTenant("default");
    let recorded: number | undefined;
    store.beforeNext("registrations.put", async () => {
      recorded = await meta.read(LONGEST_LIFETIMES.jwt);
    });
    await write({ make: saying({ ...ENTRY, accessTokenLifetime: lifetime }) });
    expect(recorded).toBe(lifetime);
  });

  it("is not written if its lifetimes cannot be recorded", async () => {
    store.failNext("meta.raise", "refused");
    await expect(write()).rejects.toThrow("refused");
    expect(await rowOf()).toBeUndefined();
  });

  it("is acted by soon if it is written and the store is away then", async () => {
    store.beforeNext("registrations.put", async () => {
      store.failNext("registrations.revision", "refused");
    });
    await write();
    expect(node.registrations.find("client", "default", "billing")).toEqual([]);
    await poll(node);
    await mint(node);
  });

  it("leaves a tombstone for longer than any node goes without reading", async () => {
    await write();
    await write({ make: () => undefined });
    const row = await rowOf();
    expect(row?.deletedAt).toBe(node.clock.now());
    expect(row?.purgeAt).toBeGreaterThanOrEqual(node.clock.now() + 2 * DAY);
  });

  it("replaces a row that this mint did not write", async () => {
    await write();
    const row = await rowOf();
    if (row === undefined) throw new Error("there is no row");
    await store.registrations.put(
      { ...row, etag: "forged", document: row.document.replace("nitro", "other") },
      row.etag,
    );
    await poll(node);
    expect(node.registrations.find("client", "default", "billing")).toMatchObject([
      { problems: [expect.stringContaining("did not write")] },
    ]);
    expect(node.logger.lines).toContainEqual(
      expect.objectContaining({ level: "error", fields: expect.objectContaining({ id: "billing" }) }),
    );
    await mint(node);
    await write();
    expect(node.registrations.find("client", "default", "billing")).toMatchObject([{ problems: [] }]);
  });

  it("can be ended, but not changed, if its row cannot be used", async () => {
    await write();
    const row = await rowOf();
    if (row === undefined) throw new Error("there is no row");
    await store.registrations.put({ ...row, etag: "forged", document: "{}" }, row.etag);
    await poll(node);
    await mint(node);
    expect(await refusal({ does: "change" })).toEqual({
      why: "unusable",
      problems: [expect.stringMatching(/^the client billing can only be deleted: this mint did not write the row/)],
    });
    await write({ does: "delete", make: () => undefined });
    expect(await refusalOf(mint(node) ?? Promise.resolve())).toMatchObject({ code: "invalid_client" });
    expect(node.registrations.find("client", "default", "billing")).toEqual([]);
  });

  it("can have a secret of which only the hash is stored, for its time", async () => {
    const secret = sha256Secret("the secret");
    if (secret.kind !== "sha256") throw new Error("another kind of secret");
    const now = node.clock.now();
    const stored = {
      id: "1",
      hash: formatSha256(secret.digest),
      createdAt: now,
      notBefore: now + 10,
      expiresAt: now + 20,
    };
    await write({ make: saying({ grants: ["arbitrary_no_subject"] }, { secrets: [stored] }) });
    const caller = { clientId: "billing", clientSecret: "the secret" };
    const attempt = () =>
      node.engine.mint(caller, { grantType: "arbitrary_no_subject", arbitraryClaims: {} }).then(
        () => "minted",
        ({ code }: { code: string }) => code,
      );
    const outcomes: string[] = [];
    for (const step of [0, 9, 1, 9, 1]) {
      node.clock.advance(step);
      outcomes.push(await attempt());
    }
    expect(outcomes).toEqual(["invalid_client", "invalid_client", "minted", "minted", "invalid_client"]);
    expect(JSON.stringify(node.registrations.clients("default"))).not.toContain(stored.hash);
  });
});

describe("the entries", () => {
  it("are of both sources, sorted, and tell which are shadowed", async () => {
    await write({ id: "z" });
    await write({ id: "a" });
    await write({ kind: "tenant", tenant: "acme", id: "acme", make: saying({}) });
    const list = (entries: readonly { id: string; source: string; isShadowed: boolean }[]) =>
      entries.map(({ id, source, isShadowed }) => [id, source, isShadowed]);
    expect(list(node.registrations.clients("default"))).toEqual([
      ["a", "stored", false],
      [CLIENT_ID, "file", false],
      ["z", "stored", false],
    ]);
    expect(list(node.registrations.tenants())).toEqual([
      ["acme", "stored", false],
      ["default", "file", false],
    ]);
    const shadowing = await testContext(testTenant({}, [testClient({ id: "a" })]), store, undefined, node.clock);
    expect(list(shadowing.registrations.clients("default"))).toEqual([
      ["a", "file", false],
      ["a", "stored", true],
      ["z", "stored", false],
    ]);
  });
});

describe("a registered tenant", () => {
  const tenant = (id: string, entry: JsonObject, more: Partial<Change> = {}) =>
    ({ kind: "tenant", tenant: id, id, make: saying(entry), ...more }) as const;
  const jwks = async (of: TestContext, id: string) =>
    (await of.node.engine.forTenant(id)?.jwks())?.keys.map(({ kid }) => kid);

  it("has the same keys on every node, before it answers", async () => {
    const other = await testContext(testTenant(), store, undefined, node.clock);
    await write(tenant("acme", { signing: { algorithm: "ES256" } }));
    await write({ tenant: "acme" });
    expect(await jwks(node, "acme")).toHaveLength(1);
    await poll(other);
    expect(await jwks(other, "acme")).toEqual(await jwks(node, "acme"));
    const minted = await other.node.engine
      .forTenant("acme")
      ?.mint({ clientId: "billing" }, { grantType: "arbitrary_no_subject", arbitraryClaims: {} });
    expect(minted?.accessToken).toBeDefined();
  });

  it("has one set of keys if two nodes make it at once", async () => {
    const other = await testContext(testTenant(), store, undefined, node.clock);
    const [one, two] = await Promise.allSettled([
      write(tenant("acme", { signing: { algorithm: "ES256" } })),
      write(tenant("acme", { signing: { algorithm: "ES256" } }), other),
    ]);
    expect([one?.status, two?.status]).toContain("fulfilled");
    await Promise.all([poll(node), poll(other)]);
    expect(await jwks(other, "acme")).toHaveLength(1);
    expect(await jwks(other, "acme")).toEqual(await jwks(node, "acme"));
  });

  it("has an issuer of its own, whoever is faster", async () => {
    const issuer = "https://same.example";
    const other = await testContext(testTenant(), store, undefined, node.clock);
    const results = await Promise.allSettled([
      write(tenant("one", { issuer })),
      write(tenant("two", { issuer: `${issuer}/` }), other),
    ]);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await poll(node);
    expect(node.registrations.tenants().filter(({ source }) => source === "stored")).toHaveLength(1);
    expect(await refusal(tenant("three", { issuer }))).toMatchObject({ why: "invalid" });
    expect(await refusal(tenant("four", { issuer: "https://mint.example" }))).toMatchObject({ why: "invalid" });
    expect(await refusal(tenant("five", { issuer: "https://accounts.google.com" }))).toMatchObject({ why: "invalid" });
  });

  it("cannot be changed so that a client of it breaks a rule", async () => {
    await write(tenant("acme", { resources: { nitro: [] } }));
    await write({ tenant: "acme", make: saying({ ...ENTRY, introspection: ["nitro"] }) });
    expect(await refusal(tenant("acme", {}))).toEqual({
      why: "invalid",
      problems: [
        expect.stringContaining("the stored client billing of the tenant acme: clients.billing.introspection[0]"),
      ],
    });
  });

  it("records the lifetimes that its defaults raise", async () => {
    await write(tenant("acme", {}));
    await write({ tenant: "acme" });
    await write(tenant("acme", { clientDefaults: { accessTokenLifetime: "90d" } }));
    expect(await store.forTenant("acme").meta.read(LONGEST_LIFETIMES.jwt)).toBe(90 * 86_400);
  });

  it("is deleted without clients only, and its name and its issuer are kept while a token of it can live", async () => {
    const issuer = "https://acme.example";
    await write(tenant("acme", { issuer }));
    await write({ tenant: "acme", make: saying({ ...ENTRY, accessTokenLifetime: "90d" }) });
    expect(await refusal(tenant("acme", {}, { make: () => undefined }))).toMatchObject({ why: "in use" });
    await write({ tenant: "acme", make: () => undefined });
    await write(tenant("acme", {}, { make: () => undefined }));
    expect(node.node.engine.forTenant("acme")).toBeUndefined();
    expect(await refusal(tenant("acme", {}))).toMatchObject({ why: "kept" });
    expect(await refusal(tenant("other", { issuer }))).toMatchObject({ why: "kept" });
    expect(await refusal(tenant("other", { issuer }, { validateOnly: true }))).toMatchObject({ why: "kept" });
  });

  it("can have another issuer, and nobody the old one for a while", async () => {
    await write(tenant("acme", { issuer: "https://old.example" }));
    await write(tenant("acme", { issuer: "https://new.example" }));
    expect(node.node.engine.forTenant("acme")?.tenant.issuer).toBe("https://new.example");
    expect(await refusal(tenant("other", { issuer: "https://old.example" }))).toMatchObject({ why: "kept" });
    expect(await refusal(tenant("other", { issuer: "https://new.example" }))).toMatchObject({ why: "invalid" });
  });

  it("can take an issuer whose tenant was never finished", async () => {
    const issuer = "https://acme.example";
    store.failNext("meta.raise", "refused");
    await expect(write(tenant("unfinished", { issuer }))).rejects.toThrow("refused");
    expect(await refusal(tenant("acme", { issuer }))).toMatchObject({ why: "invalid" });
    node.clock.advance(3_600_000);
    await write(tenant("acme", { issuer }));
    await write(tenant("acme", { issuer, strictClientAuthentication: true }));
  });

  it("must have a name as in the file", async () => {
    expect(await refusal(tenant("Acme", {}))).toMatchObject({ problems: [expect.stringContaining("a tenant id")] });
    expect(await refusal({ id: "né" })).toMatchObject({ problems: [expect.stringContaining("a client id")] });
  });
});
