import { decodeProtectedHeader, importJWK, SignJWT } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import { jweSealer } from "../../src/keyring/seal.ts";
import type { Client } from "../../src/registry/tenant.ts";
import type { Store } from "../../src/store/port.ts";
import type { Event } from "../../src/telemetry/events.ts";
import { TEST_KEY_ENCRYPTION_KEY, type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
/** None that makes a client its own subject in any profile. */
const GRANTS = new Set([...testClient().grants].filter((grant) => !/client_credentials|token-exchange/.test(grant)));
const RFC9068: Partial<Client> = { accessTokenProfile: "rfc9068" };
const NOBODY: MintRequest = { grantType: "arbitrary_no_subject", arbitraryClaims: {} };
const ALICE: MintRequest = { grantType: "arbitrary_identity", subject: "alice", scopes: ["b", "a", "offline_access"] };

let store: Store;
let context: TestContext;
const withClient = (client: Partial<Client>) =>
  testContext(testTenant({}, [testClient({ grants: GRANTS, ...client }), testClient({ id: "other" })]), store);
beforeEach(async () => {
  store = createMemoryStore();
  context = await withClient(RFC9068);
});

const mint = (request: MintRequest, { engine } = context) => engine.mint(credentials, request);
const refresh = (refreshToken = "", { engine } = context) => engine.refresh(credentials, { refreshToken });
const introspect = (token: string | undefined, { engine } = context) => engine.introspect(credentials, { token });
const typOf = (jwt: string) => decodeProtectedHeader(jwt).typ;

describe("the profile rfc9068", () => {
  it.each<[string, MintRequest, string]>([
    ["arbitrary_token", { grantType: "arbitrary_token", issuer: "https://mint.example" }, CLIENT_ID],
    ["arbitrary_token", { grantType: "arbitrary_token", issuer: "https://mint.example", subject: "bob" }, "bob"],
    ["arbitrary_no_subject", NOBODY, CLIENT_ID],
    ["arbitrary_resource_owner", { ...NOBODY, grantType: "arbitrary_resource_owner", subject: "bob" }, "bob"],
    ["arbitrary_identity", { grantType: "arbitrary_identity", subject: "bob", scopes: ["a"] }, "bob"],
    ["client_credentials", { grantType: "client_credentials" }, CLIENT_ID],
  ])("has %s give all that RFC 9068 section 2.2 requires: %#", async (_, request, sub) => {
    const { accessToken } = await mint(request, await withClient({ ...RFC9068, grants: testClient().grants }));
    expect(typOf(accessToken)).toBe("at+jwt");
    expect(claimsOf(accessToken)).toMatchObject({
      ...{ iss: "https://mint.example", aud: expect.any(Array), sub, client_id: CLIENT_ID },
      ...{ exp: expect.any(Number), iat: expect.any(Number), jti: expect.any(String) },
    });
  });

  it("has scope as one string, and none if no scope was granted", async () => {
    expect(claimsOf((await mint(ALICE)).accessToken).scope).toBe("a b offline_access");
    expect(claimsOf((await mint(NOBODY)).accessToken)).not.toHaveProperty("scope");
    expect(claimsOf((await mint(ALICE, await withClient({}))).accessToken).scope).toEqual(["a", "b", "offline_access"]);
  });

  it.each(["jwt", "reference"])("has an introspection say of a %s what it says", async (accessTokenType) => {
    const { accessToken } = await mint({ ...NOBODY, scopes: ["b", "a"], accessTokenType });
    expect(await introspect(accessToken)).toMatchObject({
      ...{ active: true, token_type: "Bearer", scope: "a b", sub: CLIENT_ID, client_id: CLIENT_ID },
    });
  });

  it("leaves the id_token as it is, which is no access token", async () => {
    const { idToken = "" } = await mint(ALICE);
    expect(typOf(idToken)).toBe("JWT");
    expect(await introspect(idToken)).toEqual({ active: false });
  });

  it("is in the header whatever the caller's claims say", async () => {
    const arbitraryClaims = { typ: "JWT", alg: "none" };
    const { accessToken } = await mint({ ...ALICE, arbitraryClaims });
    expect(decodeProtectedHeader(accessToken)).toMatchObject({ typ: "at+jwt", alg: "ES256" });
    const legacy = await mint({ ...ALICE, arbitraryClaims: { typ: "at+jwt" } }, await withClient({}));
    expect(typOf(legacy.accessToken)).toBe("JWT");
  });

  it("has a token stand for its subject, as any other", async () => {
    const { accessToken } = await mint(ALICE);
    const next = await mint({ grantType: "arbitrary_resource_owner", accessToken, arbitraryClaims: {} });
    expect(claimsOf(next.accessToken)).toMatchObject({ sub: "alice" });
  });
});

describe("a client that changes its profile", () => {
  it.each<[Partial<Client>, Partial<Client>, string, JsonObject["scope"]]>([
    [{}, RFC9068, "at+jwt", "a b offline_access"],
    [RFC9068, {}, "JWT", ["a", "b", "offline_access"]],
    [RFC9068, RFC9068, "at+jwt", "a b offline_access"],
  ])("gets the form of today at a refresh: %#", async (before, after, typ, scope) => {
    const first = await mint(ALICE, await withClient(before));
    const next = await refresh(first.refreshToken, await withClient(after));
    expect(typOf(next.accessToken)).toBe(typ);
    expect(claimsOf(next.accessToken)).toMatchObject({ sub: "alice", scope });
    expect(await introspect(first.accessToken, await withClient(after))).toMatchObject({ active: true });
  });

  it("has a grant without a subject go on without one", async () => {
    const first = await mint({ ...NOBODY, scopes: ["offline_access"] });
    const next = await refresh(first.refreshToken, await withClient({}));
    expect(claimsOf(next.accessToken)).not.toHaveProperty("sub");
  });

  it("has nothing of it stored with the grant, so that programs of before can read it", async () => {
    const { refreshToken = "" } = await mint({ ...NOBODY, scopes: ["offline_access"] });
    const family = await context.store.families.find(refreshToken.split(".")[1] ?? "");
    expect(JSON.parse(family?.decision ?? "")).toMatchObject({ version: 1 });
    expect(family?.subject).toBeUndefined();
    expect(family?.decision).not.toMatch(/rfc9068|"subject"/);
  });
});

describe("a client that is its own subject", () => {
  const OFFLINE = { ...NOBODY, scopes: ["offline_access"] };

  it("is told as the subject of its refresh token too", async () => {
    const { refreshToken } = await mint(OFFLINE);
    expect(await introspect(refreshToken)).toMatchObject({ active: true, sub: CLIENT_ID });
    expect(await introspect(refreshToken, await withClient({}))).not.toHaveProperty("sub");
  });

  it("is told as the subject in the event of each request", async () => {
    const heard: Event[] = [];
    const tenant = testTenant({}, [testClient(RFC9068)]);
    context = await testContext(tenant, store, undefined, undefined, { heard: (event) => heard.push(event) });
    const { refreshToken } = await mint(OFFLINE);
    const { accessToken } = await refresh(refreshToken);
    await introspect(accessToken);
    const asked = ["minted", "refreshed", "introspected"];
    expect(heard.filter(({ event }) => asked.includes(event))).toEqual(
      asked.map((event) => expect.objectContaining({ event, subject: CLIENT_ID })),
    );
  });

  it("is revoked as such, with its grants, whatever allowedSubjects says", async () => {
    context = await withClient({ ...RFC9068, allowedSubjects: ["user.*"] });
    const tokens = await mint(OFFLINE);
    await context.engine.revoke(credentials, { token: CLIENT_ID, tokenTypeHint: "subject" });
    expect(await introspect(tokens.accessToken)).toEqual({ active: false });
    expect(await introspect(tokens.refreshToken)).toEqual({ active: false });
    expect(await refusalOf(refresh(tokens.refreshToken))).toMatchObject({ code: "invalid_grant" });
    expect(await introspect((await mint(NOBODY)).accessToken)).toMatchObject({ active: true });
  });

  it.each(["accessToken", "refreshToken"] as const)("is revoked by any %s of it", async (kind) => {
    const [one, other] = [await mint(OFFLINE), await mint(OFFLINE)];
    await context.engine.revoke(credentials, { token: one[kind], revokeAllSubjects: true });
    expect(await introspect(other.accessToken)).toEqual({ active: false });
    expect(await refusalOf(refresh(other.refreshToken))).toMatchObject({ code: "invalid_grant" });
  });

  it("is not in the profile legacy, whose tokens without a subject no subject's revocation covers", async () => {
    context = await withClient({});
    const { accessToken } = await mint(OFFLINE);
    await context.engine.revoke(credentials, { token: CLIENT_ID, tokenTypeHint: "subject" });
    expect(await introspect(accessToken)).toMatchObject({ active: true });
  });

  it("is nobody else's subject, by a parameter or by its token (RFC 9068 section 5)", async () => {
    const { accessToken } = await mint(NOBODY);
    const other = { clientId: "other", clientSecret: SECRET };
    const owner = { grantType: "arbitrary_resource_owner", arbitraryClaims: {} };
    for (const request of [{ subject: CLIENT_ID }, { accessToken }])
      expect(await refusalOf(context.engine.mint(other, { ...owner, ...request }))).toMatchObject({
        code: "invalid_request",
        message: expect.stringContaining("must not be the id of a client that gets tokens for itself."),
      });
    expect(await (await withClient({})).engine.mint(other, { ...owner, subject: CLIENT_ID })).toBeDefined();
  });
});

describe("a JWT that the tenant's key signed", () => {
  const signedAs = async (typ: string | undefined) => {
    const [row] = (await context.store.keys.list()).filter(({ use }) => use === "signing");
    const { sealed = "", use = "signing", generation = 1, ...rest } = row ?? {};
    const binding = { tenant: "default", use, generation, ...rest } as Parameters<
      ReturnType<typeof jweSealer>["open"]
    >[1];
    const { text } = await jweSealer([TEST_KEY_ENCRYPTION_KEY]).open(sealed, binding);
    const { accessToken } = await mint(ALICE);
    const { kid = "" } = decodeProtectedHeader(accessToken);
    return new SignJWT(claimsOf(accessToken))
      .setProtectedHeader({ alg: "ES256", kid, ...(typ !== undefined && { typ }) })
      .sign(await importJWK(JSON.parse(text), "ES256"));
  };

  it.each(["JWT", "at+jwt"])("is an access token if its typ is %s", async (typ) => {
    expect(await introspect(await signedAs(typ))).toMatchObject({ active: true, sub: "alice" });
  });

  it.each(["txntoken+jwt", "token-introspection+jwt", "application/at+jwt", undefined])(
    "is none if its typ is %s, whatever its claims",
    async (typ) => {
      const jwt = await signedAs(typ);
      expect(await introspect(jwt)).toEqual({ active: false });
      const owner = { grantType: "arbitrary_resource_owner", arbitraryClaims: {}, accessToken: jwt };
      expect(await refusalOf(mint(owner))).toMatchObject({ code: "invalid_grant" });
      // Nor does it end the grant that it names.
      await context.engine.revoke(credentials, { token: jwt });
      expect(await context.store.families.find(String(claimsOf(jwt).jti).split(".")[1] ?? "")).toMatchObject({
        revokedAt: undefined,
      });
    },
  );
});
