import { beforeEach, describe, expect, it } from "vitest";
import type { OAuthError } from "../../../src/engine/errors.ts";
import type { CreateClientRequest } from "../../../src/engine/registry-request.ts";
import { sha256Entry } from "../../../src/registry/secret.ts";
import { asserted, assertionKey } from "../../support/assertions.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET } from "../../support/tenant.ts";

const operator = { authorization: `Basic ${btoa(`${OPERATOR_ID}:${SECRET}`)}` };
const SETTINGS = { grants: ["arbitrary_identity"], scopes: ["read"], allowOfflineAccess: true };
const DAY = 86_400_000;

let context: TestContext;
beforeEach(async () => {
  context = await testContext();
});

const create = (request: CreateClientRequest = {}) =>
  context.engine.createClient(operator, { client: "billing", settings: SETTINGS, ...request });
const get = async (client = "billing") => context.engine.getClient(operator, { client });
const addSecret = async (request = {}) => context.engine.addClientSecret(operator, { client: "billing", ...request });
const mint = (clientSecret: string | undefined) =>
  context.engine.mint(
    { clientId: "billing", ...(clientSecret !== undefined && { clientSecret }) },
    { grantType: "arbitrary_identity", subject: "someone", scopes: ["read", "offline_access"] },
  );
const isActive = async (token: string) =>
  (await context.engine.introspect({ clientId: CLIENT_ID, clientSecret: SECRET }, { token })).active;

/** How a call is refused: the code, and what it conflicts with. */
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    ({ code, conflict, message }: OAuthError) => ({ code, conflict, message }),
  );

/** A registered client that has a secret. */
async function registered(): Promise<string> {
  await create();
  return (await addSecret()).secret ?? "";
}

describe("a client that an operator registers", () => {
  it("can mint once it has a secret, and not before", async () => {
    const { client, effectiveAt } = await create();
    expect(client).toMatchObject({ client: "billing", source: "stored", settings: SETTINGS, secrets: [] });
    expect(effectiveAt).toBeGreaterThan(context.clock.now());
    expect(await refusal(mint(undefined))).toMatchObject({ code: "invalid_client" });
    const { secret, secretId } = await addSecret();
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(await isActive((await mint(secret)).accessToken)).toBe(false);
    const own = { clientId: "billing", clientSecret: `${secret}` };
    const { accessToken } = await mint(secret);
    expect((await context.engine.introspect(own, { token: accessToken })).active).toBe(true);
    expect(await get()).toMatchObject({ secrets: [{ id: secretId }] });
    expect(JSON.stringify(context.logger.lines)).not.toContain(secret);
  });

  it("can mint with its own key, and needs no secret then", async () => {
    const key = await assertionKey();
    await create({ settings: { ...SETTINGS, jwks: { keys: [key.publicJwk] } } });
    const exp = Math.floor(context.clock.now() / 1000) + 60;
    const claims = { iss: "billing", sub: "billing", aud: context.tenant.issuer, exp };
    const by = async (jti: string) => asserted(await key.sign({ ...claims, jti }));
    const request = { grantType: "arbitrary_identity", subject: "someone", scopes: ["read"] };
    // The fake authorities know no key.
    expect(await refusal(context.engine.mint(await by("1"), request))).toMatchObject({
      code: "temporarily_unavailable",
    });
    const update = {
      client: "billing",
      settings: { jwksUri: "https://billing.example/jwks" },
      updateMask: ["jwks", "jwksUri"],
    };
    expect((await context.engine.updateClient(operator, update)).client?.settings).toEqual({
      ...SETTINGS,
      jwksUri: "https://billing.example/jwks",
    });
  });

  it.each([
    [
      { jwks: { keys: [{ kty: "oct", k: "c2VjcmV0" }] } },
      "jwks.keys[0]: expected a public key, got one with the private member k",
    ],
    [{ jwksUri: "http://billing.example" }, "jwksUri: expected an https URL"],
  ])("has no keys that break a rule: %j", async (settings, problem) => {
    expect(await refusal(create({ settings }))).toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining(problem),
    });
  });

  it("is made once, under a key too", async () => {
    const first = await create({ idempotencyKey: "k" });
    expect((await create({ idempotencyKey: "k" })).client?.etag).toBe(first.client?.etag);
    expect(await refusal(create({ idempotencyKey: "k", settings: {} }))).toMatchObject({ conflict: "already_exists" });
    expect(await refusal(create())).toMatchObject({ code: "invalid_request", conflict: "already_exists" });
  });

  it("is only checked if that is asked for", async () => {
    expect(await create({ validateOnly: true })).toMatchObject({ client: { client: "billing" } });
    expect(await refusal(get())).toMatchObject({ conflict: "not_found" });
  });

  it.each([
    [{ grants: ["arbitrary"] }, /^clients\.billing\.grants\[0\]: unknown grant type 'arbitrary'/],
    [{ scope: ["read"] }, /^clients\.billing\.scope: unknown key; did you mean scopes\?/],
    [{ accessTokenLifetime: -1 }, /^clients\.billing\.accessTokenLifetime: expected whole seconds/],
    [{ secrets: ["sha256:x"] }, /^settings\.secrets is not allowed/],
  ])("obeys the rules of the file: %j", async (settings, message) => {
    expect(await refusal(create({ settings }))).toMatchObject({
      code: "invalid_request",
      conflict: undefined,
      message: expect.stringMatching(message),
    });
  });

  it("is not one of the file", async () => {
    expect(await refusal(create({ client: CLIENT_ID }))).toMatchObject({
      conflict: "failed_precondition",
      message: expect.stringContaining("is in the configuration file"),
    });
    expect(await get(CLIENT_ID)).toMatchObject({ source: "file", etag: undefined });
  });
});

describe("a change of a client", () => {
  it("sets what the request has, what its mask names, or everything", async () => {
    await create();
    const update = async (settings: CreateClientRequest["settings"], updateMask?: readonly string[]) =>
      (await context.engine.updateClient(operator, { client: "billing", settings, updateMask })).client?.settings;
    expect(await update({ scopes: ["write"] })).toEqual({ ...SETTINGS, scopes: ["write"] });
    expect(await update({ scopes: ["other"] }, ["allowOfflineAccess"])).toEqual({
      grants: SETTINGS.grants,
      scopes: ["write"],
    });
    expect(await update({ grants: SETTINGS.grants }, ["*"])).toEqual({ grants: SETTINGS.grants });
  });

  it("is refused over one that the operator has not seen, or that is not there", async () => {
    const { client } = await create();
    const update = (etag: string | undefined, of = "billing") =>
      refusal(context.engine.updateClient(operator, { client: of, settings: { scopes: [] }, etag }));
    expect(await update("old")).toMatchObject({ conflict: "aborted" });
    expect(await update(client?.etag)).toBeUndefined();
    expect(await update(client?.etag)).toMatchObject({ conflict: "aborted" });
    expect(await update(undefined, "nobody")).toMatchObject({ conflict: "not_found" });
    expect(await refusal(context.engine.updateClient(operator, {}))).toMatchObject({ message: "client is required." });
  });

  it("is refused if its row was damaged, but its end is not", async () => {
    const secret = await registered();
    const { registrations } = context.wholeStore;
    const row = await registrations.find({ kind: "client", tenant: "default", id: "billing" });
    if (row === undefined) throw new Error("there is no row");
    await registrations.put({ ...row, etag: "other", document: "{}" }, row.etag);
    expect(await refusal(context.engine.disableClient(operator, { client: "billing" }))).toMatchObject({
      conflict: "failed_precondition",
      message: expect.stringMatching(/^the client billing can only be deleted: /),
    });
    await mint(secret);
    await context.engine.deleteClient(operator, { client: "billing" });
    expect(await refusal(mint(secret))).toMatchObject({ code: "invalid_client" });
  });

  it("disables and enables it, with its tokens", async () => {
    const secret = await registered();
    const { accessToken } = await mint(secret);
    const alive = async () =>
      (await context.engine.introspect({ clientId: "billing", clientSecret: secret }, { token: accessToken })).active;
    await context.engine.disableClient(operator, { client: "billing" });
    expect(await refusal(mint(secret))).toMatchObject({ code: "invalid_client" });
    await context.engine.enableClient(operator, { client: "billing" });
    expect(await alive()).toBe(true);
    context.clock.advance(1);
    const before = context.clock.now();
    const { effectiveAt } = await context.engine.disableClient(operator, { client: "billing", revokeTokens: true });
    expect(context.clock.now()).toBeGreaterThan(Math.max(before, effectiveAt));
    await context.engine.enableClient(operator, { client: "billing" });
    expect(await alive()).toBe(false);
  });

  it("deletes it", async () => {
    const secret = await registered();
    expect(await context.engine.deleteClient(operator, { client: "billing" })).toMatchObject({ client: undefined });
    expect(await refusal(mint(secret))).toMatchObject({ code: "invalid_client" });
    expect(await refusal(get())).toMatchObject({ conflict: "not_found" });
    expect(await refusal(context.engine.deleteClient(operator, { client: "billing" }))).toMatchObject({
      conflict: "not_found",
    });
  });

  it("is told with the names of what changed, and never a value", async () => {
    await create();
    expect(context.logger.lines.map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({
        event: "client_registered",
        operator: OPERATOR_ID,
        registeredClient: "billing",
        change: "created",
        fields: ["grants", "scopes", "allowOfflineAccess"],
        validateOnly: false,
      }),
    );
  });
});

describe("a client's secrets", () => {
  it("overlap in a rotation", async () => {
    const old = await registered();
    const next = await addSecret();
    for (const secret of [old, next.secret]) expect(await refusal(mint(secret))).toBeUndefined();
    const [first] = (await get()).secrets;
    await context.engine.removeClientSecret(operator, { client: "billing", secret: first?.id });
    expect(await refusal(mint(old))).toMatchObject({ code: "invalid_client" });
    expect(await refusal(mint(next.secret))).toBeUndefined();
  });

  it("are accepted from when on and until when they say", async () => {
    await create();
    const now = context.clock.now();
    const { secret } = await addSecret({ notBefore: now + DAY, expiresAt: now + 2 * DAY });
    expect(await refusal(mint(secret))).toMatchObject({ code: "invalid_client" });
    context.clock.advance(DAY);
    expect(await refusal(mint(secret))).toBeUndefined();
    context.clock.advance(DAY);
    expect(await refusal(mint(secret))).toMatchObject({ code: "invalid_client" });
  });

  it("are told once, whatever is retried", async () => {
    await create();
    const { secret, secretId } = await addSecret({ idempotencyKey: "k" });
    expect(secret).toBeDefined();
    expect(await addSecret({ idempotencyKey: "k" })).toMatchObject({ secret: undefined, secretId });
    expect(await addSecret({ validateOnly: true })).toMatchObject({ secret: undefined });
    expect((await get()).secrets).toHaveLength(1);
  });

  it("may be ones that the client has from elsewhere, each of them once", async () => {
    await create();
    const [one, other] = ["a secret from elsewhere", "another one"].map(sha256Entry);
    const { secret, secretId } = await addSecret({ hash: one });
    expect(secret).toBeUndefined();
    expect(await refusal(mint("a secret from elsewhere"))).toBeUndefined();
    expect(await addSecret({ hash: one, validateOnly: true })).toMatchObject({ secretId });
    expect(await addSecret({ hash: one })).toMatchObject({ secretId });
    expect((await addSecret({ hash: other, validateOnly: true })).secretId).not.toBe(secretId);
    expect((await get()).secrets).toMatchObject([{ id: secretId }]);
  });

  it.each(["hunter2", "env:HOME", "sha256:short", sha256Entry("secret")])("are no %s", async (hash) => {
    await create();
    const refused = await refusal(addSecret({ hash }));
    expect(refused).toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(/^hash must be /),
    });
    expect(refused?.message).not.toContain(hash);
  });

  it("are at most five, of which those that have expired do not count", async () => {
    await create();
    const expiresAt = context.clock.now() + DAY;
    for (let i = 0; i < 5; i++) await addSecret({ expiresAt });
    expect(await refusal(addSecret())).toMatchObject({ conflict: "failed_precondition" });
    context.clock.advance(DAY);
    await addSecret();
    expect((await get()).secrets).toHaveLength(1);
  });

  it.each([
    [{ expiresAt: 1 }, "expire_time must be in the future."],
    [{ notBefore: 9e15, expiresAt: 8e15 }, "expire_time must be later than not_before."],
  ])("make sense: %j", async (times, message) => {
    await create();
    expect(await refusal(addSecret(times))).toMatchObject({ message });
  });

  it("are removed by their id", async () => {
    await create();
    const remove = (secret?: string) =>
      refusal(context.engine.removeClientSecret(operator, { client: "billing", secret }));
    expect(await remove()).toMatchObject({ message: "secret is required." });
    expect(await remove("none")).toMatchObject({ conflict: "not_found" });
  });
});

describe("the list of clients", () => {
  it("has both sources, sorted by id, in pages, by text", async () => {
    for (const client of ["b1", "A2", "b3"]) await create({ client });
    const list = async (request = {}) => {
      const { clients, nextPageToken } = await context.engine.listClients(operator, request);
      return { ids: clients.map(({ client }) => client), nextPageToken };
    };
    const all = ["A2", CLIENT_ID, "b1", "b3"].toSorted();
    expect((await list()).ids).toEqual(all);
    const first = await list({ pageSize: 3 });
    expect((await list({ pageSize: 3, pageToken: first.nextPageToken })).ids).toEqual(all.slice(3));
    expect((await list({ filter: "B" })).ids).toEqual(["arbitrary-resource-owner-client", "b1", "b3"]);
    expect((await list({ filter: "2" })).ids).toEqual(["A2"]);
    expect(await refusal(list({ pageToken: "x" }))).toMatchObject({ code: "invalid_request" });
  });
});

describe("what holds for a client", () => {
  it("is told setting by setting, with where it comes from", async () => {
    await create();
    const { settings } = await context.engine.getEffectiveClient(operator, { client: "billing" });
    expect(settings).toMatchObject({
      scopes: { value: ["read"], from: "client" },
      enabled: { value: true, from: "default" },
      accessTokenLifetime: { value: 3600, from: "default" },
      requireRefreshSecret: { value: true, from: "default" },
    });
    expect(settings).not.toHaveProperty("secrets");
    expect(await refusal(context.engine.getEffectiveClient(operator, { client: "nobody" }))).toMatchObject({
      conflict: "not_found",
    });
  });
});

it("an operator sees who the operators are", async () => {
  expect(await context.engine.listOperators(operator)).toEqual([
    { id: OPERATOR_ID, roles: ["keys", "clients", "tenants", "read"] },
  ]);
});
