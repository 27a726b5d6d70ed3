import { beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import type { RotateRequest } from "../../../src/engine/request.ts";
import { revocationIds } from "../../../src/token/revocation.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { claimsOf } from "../../support/decode.ts";
import { failingStore } from "../../support/failing-store.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});
const operator = basic(OPERATOR_ID, SECRET);
const client = { clientId: CLIENT_ID, clientSecret: SECRET };

let context: TestContext;
beforeEach(async () => {
  context = await testContext();
});

const rotate = (request: RotateRequest = {}, credentials = operator) => context.engine.rotate(credentials, request);

const mint = (scope = "offline_access") =>
  context.engine.mint(client, {
    grantType: "arbitrary_resource_owner",
    subject: "someone",
    arbitraryClaims: {},
    scopes: [scope],
  });

const isActive = async (token: string | undefined) => (await context.engine.introspect(client, { token })).active;

describe("an operator", () => {
  it("rotates and lists keys, and is told to the log", async () => {
    expect(await rotate()).toMatchObject({ rotated: true, keys: [{ state: "active" }, { state: "pending" }] });
    const keys = await context.engine.listKeys(operator);
    expect(keys.map(({ use, generation, state }) => [use, generation, state])).toEqual([
      ["signing", 1, "active"],
      ["signing", 2, "pending"],
      ["refresh", 1, "active"],
    ]);
    expect(JSON.stringify(keys)).not.toMatch(/"d"|sealed|material/);
    const events = context.logger.lines.map(({ fields }) => fields);
    expect(events).toContainEqual(
      expect.objectContaining({ event: "key_rotated", operator: OPERATOR_ID, mode: "graceful", generation: 2 }),
    );
    expect(events).toContainEqual(expect.objectContaining({ event: "keys_listed", operator: OPERATOR_ID }));
  });

  it.each([
    ["a client", basic(CLIENT_ID, SECRET)],
    ["a wrong secret", basic(OPERATOR_ID, "wrong")],
    ["no secret", basic(OPERATOR_ID, "")],
    ["an unknown name", basic("nobody", SECRET)],
    ["nobody", {}],
    ["a form's credentials", { clientId: OPERATOR_ID, clientSecret: SECRET }],
  ])("is not %s", async (_, credentials) => {
    expect(await refusalOf(context.engine.rotate(credentials, {}))).toMatchObject({ code: "invalid_client" });
    expect(await refusalOf(context.engine.listKeys(credentials))).toMatchObject({ code: "invalid_client" });
    expect(await context.store.keys.list()).toHaveLength(2);
  });

  it("is no client", async () => {
    expect(await refusalOf(context.engine.introspect(operator, { token: "x" }))).toMatchObject({
      code: "invalid_client",
    });
  });

  it.each<[RotateRequest, string]>([
    [{ kid: "x" }, "kid names the leaked key: it is only allowed with the mode compromised."],
    [{ mode: "compromised", kid: "x" }, "kid must name a key of this tenant with that use."],
    [{ idempotencyKey: "x".repeat(256) }, "idempotency_key is too long: at most 255 characters."],
  ])("is refused %j", async (request, message) => {
    expect(await refusalOf(rotate(request))).toEqual({ code: "invalid_request", message });
    expect(await context.store.keys.list()).toHaveLength(2);
  });

  it("rotates once for one idempotency key, and never shows it to the store", async () => {
    await Promise.all([rotate({ idempotencyKey: "change 4711" }), rotate({ idempotencyKey: "change 4711" })]);
    expect((await rotate({ idempotencyKey: "change 4711" })).keys).toHaveLength(2);
    expect((await rotate({ idempotencyKey: "change 4712" })).keys).toHaveLength(3);
    expect(JSON.stringify(await context.store.keys.list())).not.toContain("4711");
  });

  it("gets what is asked for, though the idempotency key was used for something else", async () => {
    await rotate({ idempotencyKey: "K" });
    const states = (await rotate({ idempotencyKey: "K", mode: "compromised" })).keys.map(({ state }) => state);
    expect(states).toEqual(["compromised", "retired", "active"]);
    expect((await rotate({ idempotencyKey: "K", use: "refresh" })).keys).toHaveLength(2);
  });

  it("lists what another node did since the last poll", async () => {
    const other = await testContext(undefined, context.wholeStore);
    await rotate({ mode: "compromised" });
    expect((await other.engine.listKeys(operator))[0]).toMatchObject({ state: "compromised" });
  });

  it("is logged if it is refused, and if a key is revoked though the rest fails", async () => {
    const store = failingStore(createMemoryStore());
    const failing = await testContext(undefined, store);
    await refusalOf(failing.engine.rotate(basic(OPERATOR_ID, "wrong"), {}));
    failing.secrets.report(failing.listener);
    store.failNext("keys.append", "refused");
    await refusalOf(failing.engine.rotate({ ...operator, requestId: "r1" }, { mode: "compromised" }));
    const events = failing.logger.lines.map(({ fields }) => fields);
    expect(events).toContainEqual(expect.objectContaining({ event: "operator_refused" }));
    expect(events).toContainEqual(
      expect.objectContaining({ event: "key_compromised", use: "signing", generation: 1, requestId: "r1" }),
    );
  });

  it("is asked to come again while the store is away", async () => {
    const store = failingStore(createMemoryStore());
    const away = await testContext(undefined, store);
    store.away = true;
    expect(await refusalOf(away.engine.rotate(operator, {}))).toMatchObject({ code: "temporarily_unavailable" });
  });
});

describe("a compromised key", () => {
  it("of signing makes every token that it signed inactive, and useless as an access_token or for its grant", async () => {
    const tokens = await mint();
    await rotate({ mode: "compromised" });
    expect(await isActive(tokens.accessToken)).toBe(false);
    const shown = { grantType: "arbitrary_resource_owner", accessToken: tokens.accessToken, arbitraryClaims: {} };
    expect(await refusalOf(context.engine.mint(client, shown))).toMatchObject({ code: "invalid_grant" });
    // The grant was not made with that key: its refresh token lives.
    const next = await context.engine.refresh(client, { refreshToken: tokens.refreshToken });
    expect(await isActive(next.accessToken)).toBe(true);
  });

  it("of refresh tokens ends those, and no JWT", async () => {
    const tokens = await mint();
    await rotate({ mode: "compromised", use: "refresh" });
    expect(await isActive(tokens.refreshToken)).toBe(false);
    expect(await refusalOf(context.engine.refresh(client, { refreshToken: tokens.refreshToken }))).toMatchObject({
      code: "invalid_grant",
    });
    expect(await isActive(tokens.accessToken)).toBe(true);
    expect(await isActive((await mint()).refreshToken)).toBe(true);
  });

  it("ends no grant by a token that its thief made", async () => {
    const slow = await testContext(undefined, context.wholeStore);
    const tokens = await mint();
    const forged = await context.keyring.signer(context.clock.now()).sign(claimsOf(tokens.accessToken), "JWT");
    await rotate({ mode: "compromised" });
    // A node that has not polled yet still takes the signature for good.
    await slow.engine.revoke(client, { token: forged });
    expect(await isActive(tokens.refreshToken)).toBe(true);
  });

  it("is revoked for ever", async () => {
    const { kid } = context.keyring.signer(context.clock.now());
    await rotate({ mode: "compromised" });
    await context.wholeStore.sweep(8.63e15, 1000);
    expect(await context.store.revocations.find([revocationIds.kid(kid)])).toHaveLength(1);
  });
});

it("a node that does not know a refresh token's key yet reads it, and takes the token", async () => {
  const other = await testContext(undefined, context.wholeStore);
  await rotate({ use: "refresh", mode: "compromised" });
  const tokens = await mint();
  other.clock.advance(1);
  expect((await other.engine.introspect(client, { token: tokens.refreshToken })).active).toBe(true);
});

describe("a client's revocation", () => {
  const request = { client: CLIENT_ID };
  const mintFor = (claims: object, accessTokenType: string) =>
    context.engine.mint(client, {
      grantType: "arbitrary_no_subject",
      arbitraryClaims: claims as JsonObject,
      scopes: ["offline_access"],
      accessTokenType,
    });

  it.each([
    ["with a subject", "jwt", { sub: "someone" }],
    ["without a subject", "jwt", {}],
    ["as references", "reference", {}],
  ])("ends all that it minted before, %s, and nothing that it mints after", async (_, type, claims) => {
    const before = await mintFor(claims, type);
    expect(await isActive(before.accessToken)).toBe(true);
    await context.engine.revokeClient(operator, request);
    expect(await isActive(before.accessToken)).toBe(false);
    expect(await isActive(before.refreshToken)).toBe(false);
    const refresh = context.engine.refresh(client, { refreshToken: before.refreshToken });
    expect(await refusalOf(refresh)).toMatchObject({ code: "invalid_grant" });
    const after = await mintFor(claims, type);
    expect(await isActive(after.accessToken)).toBe(true);
    expect(await isActive(after.refreshToken)).toBe(true);
  });

  it("is one row, spares other clients, and says what it does not reach", async () => {
    const before = await mint();
    const { warnings } = await context.engine.revokeClient(operator, { client: "nobody" });
    expect(warnings[0]).toBe("No client of that id is configured. If it never was, nothing was revoked: check the id.");
    expect(await isActive(before.accessToken)).toBe(true);
    expect(await context.store.revocations.find([revocationIds.client("nobody")])).toHaveLength(1);
    expect((await context.engine.revokeClient(operator, request)).warnings[0]).toContain("can mint again");
    const events = context.logger.lines.map(({ fields }) => fields);
    expect(events).toContainEqual(
      expect.objectContaining({ event: "client_revoked", operator: OPERATOR_ID, revokedClient: CLIENT_ID }),
    );
  });

  it.each([
    [undefined, "client is required."],
    ["caf\u00e9", "client must be a client's id: 1 to 1024 characters of printable ASCII."],
  ])("is refused for %j", async (id, message) => {
    const refusal = await refusalOf(context.engine.revokeClient(operator, { client: id }));
    expect(refusal).toEqual({ code: "invalid_request", message });
  });

  it("is for operators alone", async () => {
    const refusal = await refusalOf(context.engine.revokeClient(basic(CLIENT_ID, SECRET), request));
    expect(refusal).toMatchObject({ code: "invalid_client" });
  });

  it.each([
    ["disabled", [testClient({ enabled: false })]],
    ["removed", []],
  ])("is not needed by those who introspect once the client is %s", async (_, clients) => {
    const asker = testClient({ id: "asker", introspection: "tenant" });
    const tenant = testTenant({}, [testClient(), asker]);
    context = await testContext(tenant);
    const { accessToken } = await mint();
    const ask = { clientId: "asker", clientSecret: SECRET };
    expect((await context.engine.introspect(ask, { token: accessToken })).active).toBe(true);
    const later = await testContext(testTenant({}, [...clients, asker]), context.wholeStore);
    expect(await later.engine.introspect(ask, { token: accessToken })).toEqual({ active: false });
    const shown = later.engine.mint(ask, { grantType: "arbitrary_resource_owner", accessToken, arbitraryClaims: {} });
    expect(await refusalOf(shown)).toMatchObject({ code: "invalid_grant" });
  });
});
