import { beforeEach, describe, expect, it } from "vitest";
import type { TokenSet } from "../../src/engine/request.ts";
import type { Client, Tenant } from "../../src/registry/tenant.ts";
import type { Store } from "../../src/store/port.ts";
import { noAuthorities, type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const OLD = testTenant().issuer;
const NEW = "https://new.example";

let store: Store;
let before: TokenSet;
beforeEach(async () => {
  store = createMemoryStore();
  before = await mint(await testContext(testTenant(), store));
});

/** The same data under a changed configuration. */
const changed = (tenant: Partial<Tenant>, client: Partial<Client> = {}) =>
  testContext(testTenant(tenant, [testClient(client)]), store);

const GRANT = {
  grantType: "arbitrary_identity",
  subject: "someone",
  scopes: ["a", "b", "offline_access"],
  accessTokenLifetime: 600,
};
const mint = ({ engine }: TestContext) => engine.mint(credentials, GRANT);
const refresh = ({ engine }: TestContext) => engine.refresh(credentials, { refreshToken: before.refreshToken });
const introspect = ({ engine }: TestContext) => engine.introspect(credentials, { token: before.accessToken });

describe("once a claim's name is reserved that was not", () => {
  it("grants that have it are refreshed no more, unless the client is allowed it", async () => {
    const allowed = { allowedClaims: new Set(["acr"]) };
    const context = await testContext(testTenant({}, [testClient(allowed)]), store);
    const arbitraryClaims = { acr: "high", role: "admin" };
    const { refreshToken } = await context.engine.mint(credentials, { ...GRANT, arbitraryClaims });
    const { engine } = await changed({}, {});
    expect(await refusalOf(engine.refresh(credentials, { refreshToken }))).toEqual({
      code: "invalid_grant",
      message: "The claim 'acr' is not allowed for this client any more.",
    });
    const next = await (await changed({}, allowed)).engine.refresh(credentials, { refreshToken });
    expect(claimsOf(next.accessToken)).toMatchObject(arbitraryClaims);
  });

  it("the payload of a grant is no such name", async () => {
    const context = await changed({});
    const { refreshToken } = await context.engine.mint(credentials, { ...GRANT, customPayload: { acr: 1 } });
    const next = await context.engine.refresh(credentials, { refreshToken });
    expect(claimsOf(next.accessToken)).toMatchObject({ custom_payload: { acr: 1 } });
  });
});

describe("once the issuer has changed", () => {
  it("old tokens are active as before, and end as before", async () => {
    const context = await changed({ issuer: NEW });
    expect(await introspect(context)).toMatchObject({ active: true, iss: OLD });
    await context.engine.revoke(credentials, { token: before.refreshToken });
    expect(await introspect(context)).toEqual({ active: false });
  });

  it("old grants are refreshed only while the client is allowed the old issuer, and keep it", async () => {
    expect(await refusalOf(refresh(await changed({ issuer: NEW })))).toEqual({
      code: "invalid_grant",
      message: expect.stringContaining(`The issuer '${OLD}' is not allowed`),
    });
    const next = await refresh(await changed({ issuer: NEW }, { allowedIssuers: new Set([OLD]) }));
    const { iss, aud } = claimsOf(before.accessToken);
    expect(claimsOf(next.accessToken)).toMatchObject({ iss, aud });
    expect(iss).toBe(OLD);
  });

  it("a client that is held to some audiences needs the old issuer's too", async () => {
    const client = { allowedIssuers: new Set([OLD]), allowedAudiences: ["a", "b"] };
    expect(await refusalOf(refresh(await changed({ issuer: NEW }, client)))).toMatchObject({
      code: "invalid_grant",
      message: expect.stringContaining(`The audience '${OLD}/resources' is not allowed`),
    });
    const allowed = { ...client, allowedAudiences: ["a", "b", `${OLD}/resources`] };
    expect(await refresh(await changed({ issuer: NEW }, allowed))).toMatchObject({ expiresIn: 600 });
  });

  it("no old token stands for a subject", async () => {
    const { engine } = await changed({ issuer: NEW }, { allowedIssuers: new Set([OLD]) });
    const request = { grantType: "arbitrary_resource_owner", accessToken: before.accessToken, arbitraryClaims: {} };
    expect(await refusalOf(engine.mint(credentials, request))).toMatchObject({ code: "invalid_grant" });
  });
});

describe("once an authority's prefix has changed", () => {
  const withPrefix = (subjectPrefix: string) => {
    const authority = { issuer: "https://idp.example", audiences: ["us"], subjectPrefix, amr: [] };
    const tenant = testTenant({ authorities: new Map([["idp", authority]]) });
    return testContext(tenant, store, { ...noAuthorities, verify: async () => ({ sub: "joe" }) });
  };
  const login = ({ engine }: TestContext) =>
    engine.mint(credentials, {
      grantType: "arbitrary_oidc_resource_owner",
      authority: "idp",
      idToken: "good",
      scopes: ["offline_access"],
      arbitraryClaims: {},
    });

  it("grants that are out keep their subject, new logins have the new one, and each is revoked by its own", async () => {
    const old = await login(await withPrefix("old."));
    const context = await withPrefix("new.");
    const [next, other] = [
      await context.engine.refresh(credentials, { refreshToken: old.refreshToken }),
      await login(context),
    ];
    expect([next, other].map(({ accessToken }) => claimsOf(accessToken).sub)).toEqual(["old.joe", "new.joe"]);
    await context.engine.revoke(credentials, { token: "old.joe", tokenTypeHint: "subject" });
    const isActive = async (token: string) => (await context.engine.introspect(credentials, { token })).active;
    expect([await isActive(next.accessToken), await isActive(other.accessToken)]).toEqual([false, true]);
  });
});

describe("once a client has changed, a token that is out keeps what it says, and a refresh", () => {
  it.each<[string, Partial<Client>, object]>([
    ["has the shorter lifetime", { accessTokenLifetime: 60 }, { expiresIn: 60 }],
    ["keeps its lifetime where it may be longer", { accessTokenLifetime: 6000 }, { expiresIn: 600 }],
    ["keeps the kind of its tokens", { accessTokenType: "reference" }, { accessToken: expect.stringMatching(/^eyJ/) }],
  ])("%s", async (_, client, expected) => {
    const context = await changed({}, client);
    expect(await introspect(context)).toMatchObject({ active: true });
    expect(await refresh(context)).toMatchObject(expected);
  });

  it("keeps the fixed claims that the grant was made with", async () => {
    const next = await refresh(await changed({}, { claims: new Map([["*", { region: "eu" }]]) }));
    expect(claimsOf(next.accessToken)).not.toHaveProperty("region");
  });

  it.each<[string, Partial<Client>]>([
    ["scope", { scopes: new Set(["a"]) }],
    ["audience", { allowedAudiences: ["a"] }],
    ["subject", { allowedSubjects: ["user-*"] }],
    ["grant", { grants: new Set(["arbitrary_token"]) }],
  ])("is refused if it lost a %s that the grant has", async (_, client) => {
    const context = await changed({}, client);
    expect(await introspect(context)).toMatchObject({ active: true });
    expect(await refusalOf(refresh(context))).toMatchObject({ code: "invalid_grant" });
  });
});
