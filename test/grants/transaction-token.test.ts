import { decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { toSeconds } from "../../src/base/clock.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import type { Client, TokenExchangePolicy } from "../../src/registry/tenant.ts";
import { testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { SECRET, testClient, testTenant } from "../support/tenant.ts";

const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
const by = (clientId: string) => ({ clientId, clientSecret: SECRET });
const DOMAIN = "trust.example";

const policy: TokenExchangePolicy = {
  subjectTokens: ["access_token", "id_token", "jwt", "txn_token"],
  actorTokens: ["access_token"],
  requestedTokens: ["txn_token"],
  audiences: [],
  mode: "delegation",
  allowRefresh: true,
};

interface Changes {
  readonly exchange?: Partial<TokenExchangePolicy>;
  readonly gateway?: Partial<Client>;
  readonly trustDomain?: string | undefined;
}

/** `gateway` gets transaction tokens for the tokens of `app`, and `worker` replaces them. */
async function world({ exchange = {}, gateway = {}, trustDomain }: Changes = { trustDomain: DOMAIN }) {
  const claims = new Map([["*", { region: "eu" }]]);
  const tokenExchange = { ...policy, ...exchange };
  const usual = { accessTokenLifetime: 3600, claims, namespace: "front" };
  const clients = [
    testClient({ ...usual, id: "app", allowedClaims: new Set(["may_act"]) }),
    testClient({ ...usual, id: "gateway", introspection: "tenant", tokenExchange, ...gateway }),
    testClient({ ...usual, id: "worker", tokenExchange, allowedAudiences: ["x"] }),
  ];
  const context = await testContext(testTenant({ trustDomain }, clients));
  const { engine } = context;
  return {
    context,
    async shown(request: MintRequest = {}) {
      const asked = {
        grantType: "arbitrary_resource_owner",
        subject: "alice",
        arbitraryClaims: {},
        scopes: ["a", "b"],
      };
      return (await engine.mint(by("app"), { ...asked, ...request })).accessToken;
    },
    exchange: (request: MintRequest, client = "gateway") =>
      engine.mint(by(client), {
        ...{ grantType, subjectTokenType: type("access_token"), requestedTokenType: type("txn_token") },
        ...{ audiences: [DOMAIN], scopes: ["a"], ...request },
      }),
  };
}

/** A request for a replacement. */
const replacing = (subjectToken: string) => ({ subjectToken, subjectTokenType: type("txn_token") });

describe("a transaction token", () => {
  it("says what a call is about, and whose it is, for a minute", async () => {
    const { context, shown, exchange } = await world();
    const subjectToken = await shown({ arbitraryClaims: { role: "admin" } });
    const requestDetails = { action: "buy", order: { ticker: "MM", __proto__x: [1] } };
    const requestContext = { req_ip: "192.0.2.1" };
    const answer = await exchange({ subjectToken, requestDetails, requestContext });
    expect(answer).toEqual({
      accessToken: expect.any(String),
      ...{ issuedTokenType: type("txn_token"), tokenType: "N_A", expiresIn: 60, scopes: ["a"] },
    });
    const now = toSeconds(context.clock.now());
    const { derived_from: ancestors, ...claims } = claimsOf(answer.accessToken);
    expect(ancestors).toMatchObject([{ jti: claimsOf(subjectToken).jti, client: "app" }]);
    expect(decodeProtectedHeader(answer.accessToken)).toEqual({
      ...{ typ: "txntoken+jwt", alg: "ES256", kid: expect.any(String) },
    });
    expect(claims).toEqual({
      ...{ iss: "https://mint.example", iat: now, exp: now + 60, aud: DOMAIN, jti: expect.any(String) },
      ...{ txn: claims.jti, sub: "alice", scope: "a", req_wl: "gateway" },
      ...{ tctx: requestDetails, rctx: requestContext },
    });
  });

  it("lives no longer than the token that it was exchanged for, and as short as asked for", async () => {
    const { shown, exchange } = await world();
    expect(await exchange({ subjectToken: await shown({ accessTokenLifetime: 20 }) })).toMatchObject({ expiresIn: 20 });
    expect(await exchange({ subjectToken: await shown(), accessTokenLifetime: 5 })).toMatchObject({ expiresIn: 5 });
    expect(await exchange({ subjectToken: await shown(), accessTokenLifetime: 90 })).toMatchObject({ expiresIn: 60 });
  });

  it("says who acts, and who may", async () => {
    const { shown, exchange } = await world();
    const mayAct = { may_act: { sub: "gateway" } };
    const subjectToken = await shown({ grantType: "arbitrary_token", ...tokenOf({ ...mayAct, scope: ["a"] }) });
    expect(claimsOf((await exchange({ subjectToken })).accessToken)).toMatchObject(mayAct);
    expect(await refusalOf(exchange({ subjectToken }, "worker"))).toMatchObject({ code: "invalid_request" });
  });

  it("is no access token", async () => {
    const { context, shown, exchange } = await world();
    const { accessToken: token } = await exchange({ subjectToken: await shown() });
    for (const client of ["app", "gateway"])
      expect(await context.engine.introspect(by(client), { token })).toEqual({ active: false });
    const request = { grantType: "arbitrary_resource_owner", accessToken: token, arbitraryClaims: {} };
    expect(await refusalOf(context.engine.mint(by("gateway"), request))).toMatchObject({ code: "invalid_grant" });
    for (const name of ["access_token", "id_token", "jwt"])
      expect(await refusalOf(exchange({ subjectToken: token, subjectTokenType: type(name) }))).toMatchObject({
        code: "invalid_request",
      });
  });
});

/** The claims of arbitrary_token, and no parameter of another grant. */
function tokenOf(arbitraryClaims: object) {
  const issuer = "https://mint.example";
  return { issuer, scopes: undefined, arbitraryClaims } as MintRequest;
}

describe("a transaction token that replaces another", () => {
  it("is of the same transaction, and only says more of it", async () => {
    const { context, shown, exchange } = await world();
    const subjectToken = await shown();
    const said = { requestDetails: { action: "buy" }, requestContext: { req_ip: "192.0.2.1" }, scopes: ["a", "b"] };
    const first = claimsOf((await exchange({ subjectToken, ...said })).accessToken);
    const { accessToken: token } = await exchange({ subjectToken, ...said });
    context.clock.advance(20_000);
    const added = { requestDetails: { quantity: 2 }, requestContext: { zone: "b" } };
    const { accessToken, expiresIn } = await exchange({ ...replacing(token), ...added }, "worker");
    const [before, after] = [claimsOf(token), claimsOf(accessToken)];
    expect(before.txn).not.toBe(first.txn);
    expect(expiresIn).toBe(40);
    expect(after).toMatchObject({
      ...{ txn: before.txn, sub: "alice", aud: DOMAIN, exp: before.exp, scope: "a", req_wl: "worker" },
      tctx: { action: "buy", quantity: 2 },
      rctx: { req_ip: "192.0.2.1", zone: "b" },
      // Who asked before stays known.
      derived_from: [{ jti: before.jti, client: "gateway" }, { client: "app" }],
    });
    expect(after.jti).not.toBe(before.jti);
  });

  it.each<[string, MintRequest, string, string]>([
    [
      "a detail",
      { requestDetails: { action: "sell" } },
      "invalid_request",
      "request_details must not change 'action': it can only add to what is said.",
    ],
    [
      "a detail, in another case",
      { requestDetails: { Action: "sell" } },
      "invalid_request",
      "request_details must not change 'Action': it can only add to what is said.",
    ],
    [
      "a detail, under a name that looks the same",
      { requestDetails: { "action\u200b": "sell" } },
      "invalid_request",
      "request_details must not change 'action?': it can only add to what is said.",
    ],
    [
      "a detail, under a name with a space",
      { requestDetails: { "action ": "sell" } },
      "invalid_request",
      "request_details must not change 'action ': it can only add to what is said.",
    ],
    [
      "where it came from",
      { requestContext: { req_ip: "::1" } },
      "invalid_request",
      "request_context must not change 'req_ip': it can only add to what is said.",
    ],
    [
      "its scopes",
      { scopes: ["a", "b"] },
      "invalid_scope",
      "The scope 'b' is not allowed: subject_token does not have it.",
    ],
  ])("cannot change %s", async (_, request, code, message) => {
    const { shown, exchange } = await world();
    const said = { requestDetails: { action: "buy" }, requestContext: { req_ip: "192.0.2.1" } };
    const { accessToken } = await exchange({ subjectToken: await shown(), ...said });
    expect(await refusalOf(exchange({ ...replacing(accessToken), ...request }, "worker"))).toEqual({ code, message });
  });

  it("is refused once the first has expired, or what that was exchanged for was revoked", async () => {
    const { context, shown, exchange } = await world();
    const root = await shown();
    const { accessToken } = await exchange({ subjectToken: root });
    await exchange(replacing(accessToken), "worker");
    const other = await exchange({ subjectToken: await shown() });
    await context.engine.revoke(by("app"), { token: root });
    const refused = { code: "invalid_request", message: expect.stringContaining("subject_token is not of that type") };
    expect(await refusalOf(exchange(replacing(accessToken), "worker"))).toEqual(refused);
    await exchange(replacing(other.accessToken), "worker");
    context.clock.advance(60_000);
    expect(await refusalOf(exchange(replacing(other.accessToken), "worker"))).toEqual(refused);
  });

  it("is not for another trust domain", async () => {
    const { context, shown, exchange } = await world();
    const { accessToken } = await exchange({ subjectToken: await shown() });
    const tenant = { ...context.tenant, trustDomain: "other.example" };
    const moved = await testContext(tenant, context.wholeStore, undefined, context.clock);
    const request = { grantType, requestedTokenType: type("txn_token"), audiences: ["other.example"], scopes: ["a"] };
    const asked = moved.engine.mint(by("worker"), { ...request, ...replacing(accessToken) });
    expect(await refusalOf(asked)).toMatchObject({ code: "invalid_request" });
  });
});

describe("a transaction token is refused", () => {
  const on = { trustDomain: DOMAIN };

  it.each<[string, MintRequest, Changes, string, string]>([
    [
      "in a tenant without a trust domain",
      {},
      { trustDomain: undefined, exchange: { requestedTokens: ["txn_token", "jwt"], mode: "any" } },
      "invalid_request",
      `requested_token_type must be ${type("jwt")}.`,
    ],
    [
      "to a client that is not to get any",
      {},
      { ...on, exchange: { requestedTokens: ["access_token"], mode: "any" } },
      "invalid_request",
      `requested_token_type must be ${type("access_token")}.`,
    ],
    [
      "without a scope and an audience",
      { scopes: undefined, audiences: undefined },
      on,
      "invalid_request",
      "audience is required. | scope is required.",
    ],
    [
      "for another audience",
      { audiences: [DOMAIN, "x"] },
      on,
      "invalid_target",
      "audience must be the tenant's trust domain, without any resource.",
    ],
    [
      "for a resource",
      { resources: ["https://mint.example/resources"] },
      on,
      "invalid_target",
      "audience must be the tenant's trust domain, without any resource.",
    ],
    [
      "with an actor",
      { actorToken: "x", actorTokenType: type("access_token") },
      on,
      "invalid_request",
      "actor_token is not for transaction tokens.",
    ],
    [
      "as a reference token",
      { accessTokenType: "reference" },
      on,
      "invalid_request",
      "access_token_type does not fit requested_token_type.",
    ],
    [
      "for a refresh token, by its type",
      { subjectTokenType: type("refresh_token") },
      on,
      "invalid_request",
      `subject_token_type must be ${["access_token", "id_token", "jwt", "txn_token"].map(type).join(" or ")}.`,
    ],
    [
      "for an id_token, which says nothing of scopes",
      { subjectTokenType: type("id_token") },
      on,
      "invalid_request",
      "subject_token_type does not fit requested_token_type.",
    ],
    [
      "with a refresh token",
      { scopes: ["a", "offline_access"] },
      on,
      "invalid_scope",
      "The scope 'offline_access' is not allowed: a transaction token is never refreshed.",
    ],
    [
      "for a scope that the subject token does not have",
      { scopes: ["c"] },
      on,
      "invalid_scope",
      "The scope 'c' is not allowed: subject_token does not have it.",
    ],
    [
      "for a scope that the client may not have",
      {},
      { ...on, gateway: { scopes: new Set(["b"]) } },
      "invalid_scope",
      "The scope 'a' is not allowed for this client.",
    ],
    [
      "with details that are no object",
      { requestDetails: [], requestContext: "x" },
      on,
      "invalid_request",
      "request_details must be a JSON object. | request_context must be a JSON object.",
    ],
    [
      "with details that are too large",
      { requestDetails: { x: "x".repeat(17_000) } },
      on,
      "invalid_request",
      "The claims are too large: at most 16384 bytes of JSON in all.",
    ],
    [
      "with too many details",
      { requestDetails: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`c${i}`, 1])) },
      on,
      "invalid_request",
      "There are too many claims: at most 64.",
    ],
    [
      "with details that are nested too deeply",
      { requestDetails: { a: [[[[[[[[1]]]]]]]] } },
      on,
      "invalid_request",
      "request_details is nested too deeply.",
    ],
  ])("%s", async (_, request, changes, code, message) => {
    const { shown, exchange } = await world(changes);
    const subjectToken = await shown();
    expect(await refusalOf(exchange({ subjectToken, ...request }))).toEqual({ code, message });
  });

  it("for a refresh token, whatever it is called", async () => {
    const { context, exchange } = await world();
    const request = { grantType: "arbitrary_identity", subject: "alice", scopes: ["a", "offline_access"] };
    const { refreshToken = "" } = await context.engine.mint(by("gateway"), request);
    for (const name of ["access_token", "jwt", "txn_token"])
      expect(await refusalOf(exchange({ subjectToken: refreshToken, subjectTokenType: type(name) }))).toMatchObject({
        code: "invalid_request",
      });
  });

  it("as what any other token is exchanged for, and what belongs to one with those", async () => {
    const { shown, exchange } = await world({
      ...on,
      exchange: { requestedTokens: ["access_token", "txn_token"], mode: "any", audiences: ["*"] },
    });
    const { accessToken } = await exchange({ subjectToken: await shown() });
    const request = {
      ...replacing(accessToken),
      requestedTokenType: undefined,
      requestDetails: {},
      requestContext: {},
    };
    expect(await refusalOf(exchange(request))).toEqual({
      code: "invalid_request",
      message:
        "subject_token_type does not fit requested_token_type. | request_context is for transaction tokens only. | " +
        "request_details is for transaction tokens only.",
    });
  });
});
