import { beforeEach, describe, expect, it } from "vitest";
import { FOREVER, toSeconds } from "../../src/base/clock.ts";
import type { Decision, GrantHandler } from "../../src/engine/grant.ts";
import type { TenantEngine } from "../../src/engine/port.ts";
import { fakeClock } from "../support/clock.ts";
import { testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, fileOf, SECRET, testClient, testTenant } from "../support/tenant.ts";

const tenant = testTenant({}, [
  testClient({ grants: new Set(["made_up"]), claims: new Map(), accessTokenLifetime: 600 }),
  testClient({ id: "public", grants: new Set(["made_up"]), requireSecret: false, requireRefreshSecret: false }),
]);

const decision: Decision = {
  grantType: "made_up",
  issuer: tenant.issuer,
  scopes: [],
  listsOfflineAccess: true,
  audience: [],
  claims: {},
  issuesIdToken: false,
};

/** An engine whose one grant declares what it is told to, and a clock to move. */
async function contextOf(declared: Partial<GrantHandler>, decided: Partial<Decision> = {}) {
  const grant: GrantHandler = {
    grantType: "made_up",
    parameters: new Set(["accessTokenType"]),
    clientProof: "optional",
    refreshable: true,
    accessTokenTypes: ["jwt", "reference"],
    decide: async () => ({ ...decision, ...decided }),
    ...declared,
  };
  return testContext(tenant, undefined, undefined, undefined, { grants: [grant] });
}

async function engineOf(declared: Partial<GrantHandler>, decided: Partial<Decision> = {}): Promise<TenantEngine> {
  return (await contextOf(declared, decided)).engine;
}

const confidential = { clientId: CLIENT_ID, clientSecret: SECRET };
const open = { clientId: "public" };
const request = { grantType: "made_up" };

describe("what a grant declares is held to", () => {
  let strict: TenantEngine;
  beforeEach(async () => {
    strict = await engineOf({ clientProof: "required", accessTokenTypes: ["jwt"] });
  });

  it("a client's proof, if one is required", async () => {
    await strict.mint(confidential, request);
    expect(await refusalOf(strict.mint(open, request))).toEqual({
      code: "invalid_client",
      message: "A client needs its secret to use the grant_type made_up.",
    });
    await (await engineOf({})).mint(open, request);
  });

  it("the types of access token", async () => {
    expect(await refusalOf(strict.mint(confidential, { ...request, accessTokenType: "reference" }))).toEqual({
      code: "invalid_request",
      message: "access_token_type must be jwt.",
    });
  });

  it("the types of access token, if the client's default is none of them", async () => {
    const context = await contextOf({ accessTokenTypes: ["jwt"] });
    const changed = testClient({ grants: new Set(["made_up"]), claims: new Map(), accessTokenType: "reference" });
    await context.node.reconfigure(fileOf(testTenant({}, [changed])));
    const minted = await context.engine.mint(confidential, request);
    expect(claimsOf(minted.accessToken)).toMatchObject({ client_id: CLIENT_ID });
    expect(await refusalOf(context.engine.mint(confidential, { ...request, accessTokenType: "reference" }))).toEqual({
      code: "invalid_request",
      message: "access_token_type must be jwt.",
    });
  });

  it("that it cannot be refreshed, if that is asked for", async () => {
    const parameters = new Set(["scopes"] as const);
    const asked = { ...request, scopes: ["a", "offline_access"] };
    const engine = await engineOf({ refreshable: false, parameters }, { scopes: ["a"] });
    expect(await refusalOf(engine.mint(confidential, asked))).toEqual({
      code: "invalid_scope",
      message: "The scope 'offline_access' is not allowed for the grant_type made_up: it gives no refresh token.",
    });
    expect(await engine.mint(confidential, { ...request, scopes: ["a"] })).toMatchObject({ scopes: ["a"] });
    await (await engineOf({ parameters }, { scopes: ["a"] })).mint(confidential, asked);
  });

  it("that it cannot be refreshed: a decision of its own to the contrary is our failure", async () => {
    const scopes = ["offline_access"];
    const engine = await engineOf({ refreshable: false }, { scopes });
    expect(await refusalOf(engine.mint(confidential, request))).toMatchObject({ code: "server_error" });
    expect(await (await engineOf({}, { scopes })).mint(confidential, request)).toHaveProperty("refreshToken");
  });
});

describe("what a grant decides goes beyond what today's grants need:", () => {
  const scopes = ["offline_access"];
  const LATEST = toSeconds(fakeClock().now()) + 1000;

  it("a latest expiry, which no token and no refresh outlives", async () => {
    const { engine, clock } = await contextOf({}, { scopes, latestExpiry: LATEST, issuesIdToken: true, subject: "s" });
    const first = await engine.mint(confidential, request);
    expect(first.expiresIn).toBe(600);
    expect(claimsOf(first.accessToken)).toMatchObject({ exp: LATEST - 400 });
    expect(await engine.introspect(confidential, { token: first.refreshToken })).toMatchObject({ exp: LATEST });
    clock.advance(900_000);
    const second = await engine.refresh(confidential, { refreshToken: first.refreshToken });
    expect(second.expiresIn).toBe(100);
    for (const token of [second.accessToken, second.idToken]) expect(claimsOf(token)).toMatchObject({ exp: LATEST });
    clock.advance(100_000);
    for (const token of [second.accessToken, second.refreshToken])
      expect(await engine.introspect(confidential, { token })).toEqual({ active: false });
    expect(await refusalOf(engine.refresh(confidential, { refreshToken: second.refreshToken }))).toMatchObject({
      code: "invalid_grant",
    });
    expect(await refusalOf(engine.mint(confidential, request))).toEqual({
      code: "invalid_grant",
      message: "What the tokens would be based on has expired.",
    });
  });

  it("a latest expiry that a row cannot put off", async () => {
    const { engine, clock, wholeStore } = await contextOf({}, { scopes, latestExpiry: LATEST });
    const { refreshToken } = await engine.mint(confidential, request);
    const id = refreshToken?.split(".")[1] ?? "";
    const later = { expiresAt: FOREVER, purgeAt: FOREVER, at: clock.now(), attemptId: "forged" };
    await wholeStore.forTenant(tenant.id).families.advance(id, { from: 0, to: 0, ...later });
    clock.advance(1_000_000);
    expect(await refusalOf(engine.refresh(confidential, { refreshToken }))).toEqual({
      code: "invalid_grant",
      message: "What the tokens would be based on has expired.",
    });
  });

  it.each(["jwt", "reference"])("a confirmation and an actor, in every %s of the grant", async (accessTokenType) => {
    const [confirmation, actor] = [{ jkt: "thumbprint" }, { sub: "service" }];
    const decided = { scopes, confirmation, actor, issuesIdToken: true, subject: "s" };
    // Even a caller who may choose such claims cannot choose these.
    const engine = await engineOf({}, { ...decided, claims: { cnf: { jkt: "stolen" }, act: { sub: "root" } } });
    const first = await engine.mint(confidential, { ...request, accessTokenType });
    expect(await engine.introspect(confidential, { token: first.accessToken })).toMatchObject({
      cnf: confirmation,
      act: actor,
    });

    const kept = await engineOf({}, decided);
    const minted = await kept.mint(confidential, { ...request, accessTokenType });
    const refreshed = await kept.refresh(confidential, { refreshToken: minted.refreshToken });
    expect(await kept.introspect(confidential, { token: refreshed.accessToken })).toMatchObject({
      cnf: confirmation,
      act: actor,
    });
    expect(Object.keys(claimsOf(refreshed.idToken))).not.toEqual(expect.arrayContaining(["cnf"]));
    expect(Object.keys(claimsOf(refreshed.idToken))).not.toEqual(expect.arrayContaining(["act"]));
  });

  it("an issued token type, which a refresh does not repeat", async () => {
    const issuedTokenType = "urn:ietf:params:oauth:token-type:access_token";
    const engine = await engineOf({}, { scopes, issuedTokenType });
    const minted = await engine.mint(confidential, request);
    expect(minted).toMatchObject({ issuedTokenType });
    const refreshed = await engine.refresh(confidential, { refreshToken: minted.refreshToken });
    expect(refreshed.issuedTokenType).toBeUndefined();
  });

  it("no refresh token, whatever scopes were asked for", async () => {
    for (const refreshable of [true, false]) {
      const engine = await engineOf({ refreshable }, { scopes: ["a", "offline_access"], withoutRefreshToken: true });
      expect(await engine.mint(confidential, request)).toMatchObject({ scopes: ["a"], refreshToken: undefined });
    }
  });
});
