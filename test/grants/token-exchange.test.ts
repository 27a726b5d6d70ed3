import { describe, expect, it } from "vitest";
import { type Authorities, IdTokenError } from "../../src/authorities/port.ts";
import { toSeconds } from "../../src/base/clock.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import type { Client, Tenant, TokenExchangePolicy } from "../../src/registry/tenant.ts";
import type { Ending, Event } from "../../src/telemetry/events.ts";
import { noAuthorities, type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { SECRET, testClient, testTenant } from "../support/tenant.ts";

const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
const ACCESS_TOKEN = type("access_token");
const by = (clientId: string) => ({ clientId, clientSecret: SECRET });

/** What `shop` may do: its tokens are shown to `orders`, which exchanges them. */
const policy: TokenExchangePolicy = {
  subjectTokens: ["access_token", "id_token", "jwt"],
  actorTokens: ["access_token"],
  requestedTokens: ["access_token", "jwt", "id_token"],
  audiences: ["billing", "https://stock.example/*"],
  mode: "any",
  allowRefresh: false,
};

/** Takes `foreign: <sub>` for an id_token that expires in a minute. */
const authorities: Authorities = {
  ...noAuthorities,
  async verify(authority, text, now) {
    const [, sub] = /^foreign: (.+)$/.exec(text) ?? [];
    if (authority.issuer !== "https://idp.example" || sub === undefined) throw new IdTokenError("No.");
    const exp = sub === "eternal" ? 1e18 : toSeconds(now) + (sub === "late" ? 0 : 60);
    return { iss: authority.issuer, sub, exp, ...(sub === "bound" && { may_act: { sub: "robot" } }) };
  },
};

interface Changes {
  readonly orders?: Partial<Client>;
  readonly exchange?: Partial<TokenExchangePolicy>;
  readonly shop?: Partial<Client>;
  readonly tenant?: Partial<Tenant>;
}

/** What was heard in the last world. */
let heard: Event[] = [];

async function world({ orders = {}, exchange = {}, shop = {}, tenant = {} }: Changes = {}) {
  const usual = { accessTokenLifetime: 3600, claims: new Map() };
  const clients = [
    testClient({ ...usual, id: "shop", allowedClaims: new Set(["may_act"]), namespace: "front", ...shop }),
    testClient({
      ...usual,
      id: "orders",
      introspection: "tenant",
      tokenExchange: { ...policy, ...exchange },
      ...orders,
    }),
    testClient({ ...usual, id: "billing", introspection: "tenant" }),
  ];
  const authority = { issuer: "https://idp.example", audiences: ["us"], subjectPrefix: "idp.", amr: ["otp"] };
  const other = { ...authority, issuer: "https://other.example", subjectPrefix: "other." };
  const whole = testTenant(
    {
      authorities: new Map([
        ["other", other],
        ["idp", authority],
      ]),
      ...tenant,
    },
    clients,
  );
  heard = [];
  const listener = { heard: (event: Event) => void heard.push(event) };
  const context = await testContext(whole, createMemoryStore(), authorities, undefined, listener);
  return { context, ...acts(context) };
}

function acts(context: TestContext) {
  const { engine } = context;
  return {
    /** An access token of `shop` for alice. */
    async shown(request: MintRequest = {}, client = "shop") {
      const asked = { grantType: "arbitrary_resource_owner", subject: "alice", arbitraryClaims: {}, ...request };
      return (await engine.mint(by(client), asked)).accessToken;
    },
    /** An access token of a client for itself. */
    async own(client = "orders") {
      return (await engine.mint(by(client), { grantType: "client_credentials" })).accessToken;
    },
    exchange: (request: MintRequest, client = "orders") =>
      engine.mint(by(client), { grantType, subjectTokenType: ACCESS_TOKEN, ...request }),
    async isActive(token: string) {
      return (await engine.introspect(by("orders"), { token })).active;
    },
  };
}

type World = Awaited<ReturnType<typeof world>>;

describe("token exchange", () => {
  it("gives a token for the same subject that says no more, and lives no longer", async () => {
    const { context, shown, exchange } = await world();
    const subjectToken = await shown({ scopes: ["a", "b"], accessTokenLifetime: 600, arbitraryAmrs: ["otp"] });
    context.clock.advance(100_000);
    const answer = await exchange({ subjectToken, scopes: ["b"], audiences: ["billing"] });
    const now = toSeconds(context.clock.now());
    expect(answer).toEqual({
      accessToken: expect.any(String),
      tokenType: "Bearer",
      expiresIn: 500,
      scopes: ["b"],
      issuedTokenType: ACCESS_TOKEN,
    });
    const before = claimsOf(subjectToken);
    expect(claimsOf(answer.accessToken)).toEqual({
      ...{ iat: now, nbf: now, exp: before.exp, iss: "https://mint.example", jti: expect.any(String) },
      ...{ aud: ["billing"], client_id: "orders", sub: "alice", scope: ["b"] },
      ...{ auth_time: before.auth_time, idp: "local", amr: ["arbitrary_resource_owner", "otp"] },
      derived_from: [
        {
          jti: before.jti,
          client: "shop",
          subject: "alice",
          namespace: "front",
          issuedAt: context.clock.now() - 100_000,
          kid: expect.any(String),
        },
      ],
    });
  });

  it("takes reference tokens, and gives them", async () => {
    const { context, shown, exchange } = await world();
    const subjectToken = await shown({ accessTokenType: "reference", scopes: ["a"] });
    const { accessToken, scopes } = await exchange({ subjectToken, accessTokenType: "reference" });
    expect(scopes).toEqual(["a"]);
    const told = await context.engine.introspect(by("orders"), { token: accessToken });
    expect(told).toMatchObject({ active: true, sub: "alice", derived_from: [{ client: "shop", rowKey: 1 }] });
  });

  it("says who acts for whom, and who did before", async () => {
    const { shown, own, exchange } = await world();
    const actor = { actorTokenType: ACCESS_TOKEN };
    const first = await exchange({ ...actor, subjectToken: await shown(), actorToken: await own("orders") });
    expect(claimsOf(first.accessToken).act).toEqual({ sub: "orders" });
    const second = await exchange({ ...actor, subjectToken: first.accessToken, actorToken: await own("billing") });
    expect(claimsOf(second.accessToken)).toMatchObject({
      sub: "alice",
      act: { sub: "billing", act: { sub: "orders" } },
    });
    // Without a new actor the chain stays.
    const third = await exchange({ subjectToken: second.accessToken });
    expect(claimsOf(third.accessToken)).toMatchObject({ act: { sub: "billing", act: { sub: "orders" } } });
  });

  it("is audited with the actor, and refused in the subject's name", async () => {
    const { context, shown, own, exchange } = await world();
    const subjectToken = await shown();
    const actor = { actorToken: await own("billing"), actorTokenType: ACCESS_TOKEN };
    const { accessToken } = await exchange({ subjectToken, ...actor });
    const { jti } = claimsOf(accessToken);
    expect(heard.at(-1)).toMatchObject({ event: "minted", client: "orders", subject: "alice", actor: "billing", jti });
    await exchange({ subjectToken });
    expect(heard.at(-1)).not.toHaveProperty("actor");
    await context.engine.revoke(by("shop"), { token: subjectToken });
    await refusalOf(exchange({ subjectToken, ...actor }));
    expect(heard.at(-1)).toMatchObject({ event: "refused", subject: "alice", because: "revoked" });
    expect(JSON.stringify(heard)).not.toContain(subjectToken);
    await refusalOf(exchange({ ...actor, subjectToken: "none" }));
    expect(heard.at(-1)).toMatchObject({ event: "refused", actor: "billing", because: "not a token of this tenant" });
    expect(heard.at(-1)).not.toHaveProperty("subject");
    await context.engine.revoke(by("billing"), { token: actor.actorToken });
    await refusalOf(exchange({ ...actor, subjectToken }));
    expect(heard.at(-1)).toMatchObject({ event: "refused", actor: "billing", because: "revoked" });
    expect(heard.at(-1)).not.toHaveProperty("jti");
  });

  it("says in the log why a token is refused, and nothing if it is taken", async () => {
    const { shown, own, exchange } = await world({ exchange: { actorTokens: ["access_token", "jwt"] } });
    const foreign = { subjectToken: "foreign: 1047", subjectTokenType: type("jwt") };
    const actor = { actorToken: await own(), actorTokenType: ACCESS_TOKEN };
    const acted = (await exchange({ subjectToken: await shown(), ...actor })).accessToken;
    const nobody = await shown({ grantType: "arbitrary_no_subject", subject: undefined });
    const restricted = await shown({ arbitraryClaims: { may_act: { sub: "robot" } } });
    for (const [request, because] of [
      [foreign, undefined],
      [{ ...foreign, audiences: ["shipping"] }, undefined],
      [{ ...foreign, subjectToken: "foreign: bound" }, "may_act names another"],
      [{ subjectToken: "foreign", subjectTokenType: type("id_token") }, "not a token of this tenant"],
      [{ subjectToken: restricted }, "may_act names another"],
      [{ subjectToken: nobody }, "not about a subject of this tenant"],
      [{ ...foreign, actorToken: acted, actorTokenType: ACCESS_TOKEN }, "somebody acts for it already"],
    ] as const) {
      await exchange(request).catch(() => undefined);
      expect((heard.at(-1) as Ending).because).toBe(because);
    }
  });

  it("lets four act, and no more", async () => {
    const { shown, own, exchange } = await world();
    const actor = { actorTokenType: ACCESS_TOKEN, actorToken: await own() };
    let subjectToken = await shown();
    for (let acting = 1; acting <= 4; acting++) subjectToken = (await exchange({ ...actor, subjectToken })).accessToken;
    expect(await refusalOf(exchange({ ...actor, subjectToken }))).toEqual({
      code: "invalid_request",
      message: "subject_token has too many actors already: at most 4 in all.",
    });
  });

  it("derives from eight tokens at most", async () => {
    const { shown, exchange } = await world();
    let subjectToken = await shown();
    for (let length = 1; length <= 8; length++) subjectToken = (await exchange({ subjectToken })).accessToken;
    expect(claimsOf(subjectToken).derived_from).toHaveLength(8);
    expect(await refusalOf(exchange({ subjectToken }))).toEqual({
      code: "invalid_request",
      message: "The token would be derived from more than 8 others.",
    });
  });

  it("gives what is asked for", async () => {
    const { shown, exchange } = await world({ orders: { accessTokenType: "reference" } });
    const subjectToken = await shown({ scopes: ["a"] });
    const jwt = await exchange({ subjectToken, requestedTokenType: type("jwt") });
    expect(jwt).toMatchObject({ issuedTokenType: type("jwt"), tokenType: "Bearer" });
    expect(claimsOf(jwt.accessToken)).toMatchObject({ client_id: "orders", scope: ["a"] });
    const identity = await exchange({ subjectToken, requestedTokenType: type("id_token"), audiences: ["billing"] });
    expect(identity).toEqual({
      accessToken: expect.any(String),
      ...{ issuedTokenType: type("id_token"), tokenType: "N_A", expiresIn: 300, scopes: [] },
    });
    const { client_id, ...claims } = claimsOf(identity.accessToken);
    expect(client_id).toBeUndefined();
    expect(claims).toMatchObject({ sub: "alice", aud: ["orders", "billing"], azp: "orders", jti: expect.any(String) });
    expect(claims.derived_from).toHaveLength(1);
    const resources = ["https://stock.example/api"];
    const other = await exchange({ subjectToken, requestedTokenType: type("id_token"), resources });
    const short = await exchange({ subjectToken, requestedTokenType: type("id_token"), accessTokenLifetime: 60 });
    expect(short.expiresIn).toBe(60);
    expect(claimsOf(other.accessToken).aud).toEqual(["orders", ...resources]);
  });

  it("takes id_tokens, which give no scopes but those that the client may have", async () => {
    const { context, exchange } = await world({ orders: { scopes: new Set(["a"]) } });
    const request = { grantType: "arbitrary_identity", subject: "alice", scopes: ["b"] };
    const { idToken: subjectToken } = await context.engine.mint(by("shop"), request);
    const derived = { subjectToken, subjectTokenType: type("id_token") };
    const { accessToken, scopes, expiresIn } = await exchange({ ...derived, scopes: ["a"] });
    expect({ scopes, expiresIn }).toEqual({ scopes: ["a"], expiresIn: 300 });
    expect(claimsOf(accessToken)).toMatchObject({ sub: "alice", aud: ["https://mint.example/resources", "a"] });
    expect((await exchange(derived)).scopes).toEqual([]);
    expect(await refusalOf(exchange({ ...derived, scopes: ["b"] }))).toMatchObject({ code: "invalid_scope" });
  });

  it("gives no scopes for an id_token that was exchanged for, which could have more than the access token had", async () => {
    const { shown, exchange } = await world({ orders: { introspection: "own" } });
    const subjectToken = await shown({ scopes: ["a"], arbitraryAudiences: ["orders"] });
    const identity = { requestedTokenType: type("id_token"), audiences: ["billing"] };
    const { accessToken } = await exchange({ subjectToken, ...identity });
    const detour = { subjectToken: accessToken, subjectTokenType: type("id_token") };
    for (const scope of ["a", "b"])
      expect(await refusalOf(exchange({ ...detour, scopes: [scope] }))).toEqual({
        code: "invalid_scope",
        message: `The scope '${scope}' is not allowed: subject_token does not have it.`,
      });
    const last = await exchange(detour);
    expect(last.scopes).toEqual([]);
    expect(claimsOf(last.accessToken).aud).toEqual(["orders", "billing"]);
  });

  it("takes JWTs of the tenant's authorities", async () => {
    const { exchange } = await world();
    for (const name of ["id_token", "jwt"]) {
      const request = { subjectToken: "foreign: 1047", subjectTokenType: type(name), scopes: ["a"] };
      const { accessToken, expiresIn } = await exchange(request);
      expect(expiresIn).toBe(60);
      const claims = claimsOf(accessToken);
      expect(claims).toMatchObject({ sub: "idp.1047", amr: ["otp"], scope: ["a"] });
      expect(claims).not.toHaveProperty("derived_from");
    }
  });

  it("gives a refresh token only if the policy says so, and then it ends with the subject token", async () => {
    const asked = { scopes: ["a", "offline_access"] };
    const { shown, exchange } = await world();
    expect(await refusalOf(exchange({ ...asked, subjectToken: await shown({ scopes: ["a"] }) }))).toEqual({
      code: "invalid_scope",
      message: "The scope 'offline_access' is not allowed: this client gets no refresh token for an exchange.",
    });
    const allowed = await world({ exchange: { allowRefresh: true } });
    const { clock, engine } = allowed.context;
    const { refreshToken } = await allowed.exchange({ ...asked, subjectToken: await allowed.shown({ scopes: ["a"] }) });
    clock.advance(3_000_000);
    const refreshed = await engine.refresh(by("orders"), { refreshToken });
    expect(refreshed).toMatchObject({ expiresIn: 600 });
    expect(claimsOf(refreshed.accessToken).derived_from).toHaveLength(1);
    clock.advance(600_000);
    expect(await refusalOf(engine.refresh(by("orders"), { refreshToken: refreshed.refreshToken }))).toMatchObject({
      code: "invalid_grant",
    });
  });

  it("gives one that works for a JWT of an authority that expires beyond all dates", async () => {
    const { context, exchange } = await world({ exchange: { allowRefresh: true } });
    const request = { subjectToken: "foreign: eternal", subjectTokenType: type("jwt"), scopes: ["offline_access"] };
    const { refreshToken, expiresIn } = await exchange(request);
    expect(expiresIn).toBe(3600);
    await context.engine.refresh(by("orders"), { refreshToken });
  });

  it.each<[string, MintRequest, string]>([
    ["audience", { audiences: ["billing"] }, "bill*"],
    ["resource", { resources: ["https://stock.example/api"] }, "https://stock.example/*"],
    ["both", { audiences: ["billing"], resources: ["https://stock.example/api"] }, "*"],
  ])("is refreshed only while the policy allows it: by %s", async (_, target, allowed) => {
    const made = await world({ exchange: { allowRefresh: true } });
    const request = { subjectToken: await made.shown(), scopes: ["offline_access"], ...target };
    const { refreshToken } = await made.exchange(request);
    const [orders] = made.context.tenant.clients.values().filter(({ id }) => id === "orders");
    for (const [changes, code] of [
      [{ allowRefresh: false }, "invalid_grant"],
      [{ allowRefresh: true, audiences: ["stock"] }, "invalid_grant"],
      [{ allowRefresh: true, audiences: [allowed], mode: "delegation" }, "invalid_grant"],
      [{ allowRefresh: true, audiences: [allowed] }, undefined],
    ] as const) {
      const changed = testClient({ ...orders, tokenExchange: { ...policy, ...changes } });
      const tenant = {
        ...made.context.tenant,
        clients: new Map([...made.context.tenant.clients, ["orders", changed]]),
      };
      const { engine } = await testContext(tenant, made.context.wholeStore, authorities, made.context.clock);
      const asked = engine.refresh(by("orders"), { refreshToken });
      if (code === undefined) await asked;
      else expect(await refusalOf(asked)).toMatchObject({ code });
    }
  });

  it("never changes the grant of the subject token", async () => {
    const { context, exchange } = await world();
    const request = { grantType: "arbitrary_identity", subject: "alice", scopes: ["a", "offline_access"] };
    const { accessToken, refreshToken } = await context.engine.mint(by("shop"), request);
    const family = String(claimsOf(accessToken).jti).split(".")[1] ?? "";
    const row = await context.store.families.find(family);
    await exchange({ subjectToken: accessToken });
    expect(await context.store.families.find(family)).toEqual(row);
    expect(await context.engine.refresh(by("shop"), { refreshToken })).toMatchObject({
      scopes: ["a", "offline_access"],
    });
  });
});

describe("may_act", () => {
  const bound = (may_act: object) => ({ arbitraryClaims: { may_act } }) as MintRequest;

  it.each<[string, object]>([
    ["by its name", { sub: "orders" }],
    ["by its name and issuer", { sub: "orders", iss: "https://mint.example" }],
    ["by its name and client", { sub: "orders", client_id: "orders" }],
  ])("lets the party that it names act: %s", async (_, mayAct) => {
    const { shown, own, exchange } = await world();
    const subjectToken = await shown(bound(mayAct));
    const actor = { actorToken: await own(), actorTokenType: ACCESS_TOKEN };
    const { accessToken } = await exchange({ subjectToken, ...actor });
    // It stays, so that nobody else can act with what was derived either.
    expect(claimsOf(accessToken)).toMatchObject({ may_act: mayAct, act: { sub: "orders" } });
    // Without an actor token it is the client that acts.
    await exchange({ subjectToken });
  });

  it.each<[string, object]>([
    ["another", { sub: "billing" }],
    ["somebody of that name elsewhere", { sub: "orders", iss: "https://elsewhere.example" }],
    ["another client", { sub: "orders", client_id: "shop" }],
  ])("lets nobody else act: %s", async (_, mayAct) => {
    const { shown, own, exchange } = await world();
    const subjectToken = await shown(bound(mayAct));
    const actor = { actorToken: await own(), actorTokenType: ACCESS_TOKEN };
    for (const request of [{ subjectToken }, { subjectToken, ...actor }])
      expect(await refusalOf(exchange(request))).toEqual({
        code: "invalid_request",
        message: "subject_token is not of that type, cannot be used by this client, has expired or was revoked.",
      });
  });

  it("of an authority means that authority's parties", async () => {
    const { own, exchange } = await world({ exchange: { actorTokens: ["access_token", "jwt"] } });
    const request = { subjectToken: "foreign: bound", subjectTokenType: type("jwt") };
    const robot = { actorToken: "foreign: robot", actorTokenType: type("jwt") };
    const { accessToken } = await exchange({ ...request, ...robot });
    expect(claimsOf(accessToken)).toMatchObject({
      sub: "idp.bound",
      act: { sub: "idp.robot" },
      may_act: { iss: "https://idp.example", sub: "robot" },
    });
    const other = { actorToken: await own(), actorTokenType: ACCESS_TOKEN };
    expect(await refusalOf(exchange({ ...request, ...other }))).toMatchObject({ code: "invalid_request" });
  });

  it("must be something that can be honoured, and only those set it who may", async () => {
    const { shown } = await world();
    for (const mayAct of [{}, { sub: "" }, { sub: "orders", act: {} }, { sub: 1 }])
      expect(await refusalOf(shown(bound(mayAct)))).toMatchObject({ code: "invalid_request" });
    expect(await refusalOf(shown(bound({ sub: "orders" }), "billing"))).toEqual({
      code: "invalid_request",
      message: "The arbitrary claim: 'may_act' is not allowed.",
    });
  });
});

describe("what was derived from a token that is revoked", () => {
  /** Two exchanges, the second of which has an actor. */
  async function chain({ shown, own, exchange }: World, request: MintRequest = {}) {
    const root = await shown(request);
    const first = (await exchange({ subjectToken: root })).accessToken;
    const actor = await own("billing");
    const second = await exchange({ subjectToken: first, actorToken: actor, actorTokenType: ACCESS_TOKEN });
    return { root, first, actor, second: second.accessToken };
  }

  it.each<[string, string, MintRequest]>([
    ["the first token", "root", {}],
    ["a reference token", "root", { accessTokenType: "reference" }],
    ["one that was derived itself", "first", {}],
    ["the actor's token", "actor", {}],
  ])("is not active: %s", async (_, which, request) => {
    const made = await world();
    const tokens = await chain(made, request);
    expect(await made.isActive(tokens.second)).toBe(true);
    const owner = { root: "shop", first: "orders", actor: "billing" }[which] ?? "";
    await made.context.engine.revoke(by(owner), { token: tokens[which as keyof typeof tokens] });
    expect(await made.isActive(tokens.second)).toBe(false);
    expect(await made.isActive(tokens.root)).toBe(which !== "root");
    expect(await refusalOf(made.exchange({ subjectToken: tokens.second }))).toMatchObject({ code: "invalid_request" });
  });

  it("is not active: the grant", async () => {
    const made = await world();
    const { engine } = made.context;
    const request = { grantType: "arbitrary_identity", subject: "alice", scopes: ["offline_access"] };
    const { accessToken, refreshToken } = await engine.mint(by("shop"), request);
    const derived = (await made.exchange({ subjectToken: accessToken })).accessToken;
    const again = (await made.exchange({ subjectToken: derived })).accessToken;
    expect(await made.isActive(again)).toBe(true);
    await engine.revoke(by("shop"), { token: refreshToken });
    expect(await made.isActive(again)).toBe(false);
  });

  it.each<[string, string, boolean]>([
    ["the subject of the client", "shop", false],
    ["the subject of the namespace", "sister", true],
  ])("is not active: %s", async (_, client, revokeAllSubjects) => {
    const made = await world({ orders: { id: "orders" } });
    const sister = testClient({ id: "sister", namespace: "front" });
    const clients = new Map([...made.context.tenant.clients, ["sister", sister]]);
    const again = await testContext(
      { ...made.context.tenant, clients },
      createMemoryStore(),
      authorities,
      made.context.clock,
    );
    const all = { context: again, ...acts(again) };
    const { second } = await chain(all);
    const request = { token: "alice", tokenTypeHint: "subject", revokeAllSubjects };
    await again.engine.revoke(by(client), request);
    expect(await all.isActive(second)).toBe(false);
    // What is minted afterwards lives, and so does what is derived from it.
    expect(await all.isActive((await chain(all)).second)).toBe(true);
  });

  it("is not active: the key, however new the derived token", async () => {
    const made = await world();
    const { context } = made;
    const { root } = await chain(made);
    const operator = { authorization: `Basic ${Buffer.from(`operator:${SECRET}`).toString("base64")}` };
    await context.engine.rotate(operator, { mode: "immediate" });
    await context.keyring.poll();
    const { accessToken } = await made.exchange({ subjectToken: root });
    const [old = "", current = ""] = context.keyring.describe(context.clock.now()).map(({ kid }) => kid);
    expect(old).not.toBe(current);
    expect(await made.isActive(accessToken)).toBe(true);
    await context.engine.rotate(operator, { mode: "compromised", kid: old });
    expect(await made.isActive(accessToken)).toBe(false);
  });

  it("cannot be refreshed, nor is its refresh token active", async () => {
    const made = await world({ exchange: { allowRefresh: true } });
    const { engine } = made.context;
    const root = await made.shown();
    const { refreshToken, accessToken } = await made.exchange({ subjectToken: root, scopes: ["offline_access"] });
    expect(await made.isActive(refreshToken ?? "")).toBe(true);
    await engine.revoke(by("shop"), { token: root });
    expect(await made.isActive(refreshToken ?? "")).toBe(false);
    expect(await made.isActive(accessToken)).toBe(false);
    expect(await refusalOf(engine.refresh(by("orders"), { refreshToken }))).toMatchObject({ code: "invalid_grant" });
    const operator = { authorization: `Basic ${Buffer.from(`operator:${SECRET}`).toString("base64")}` };
    const { grants } = await engine.listGrants(operator, { subject: "alice" });
    expect(grants).toMatchObject([{ client: "orders", state: "revoked" }]);
  });

  it("cannot be exchanged if it is an id_token", async () => {
    const made = await world();
    const root = await made.shown();
    const identity = await made.exchange({ subjectToken: root, requestedTokenType: type("id_token") });
    const request = { subjectToken: identity.accessToken, subjectTokenType: type("id_token") };
    await made.exchange(request);
    await made.context.engine.revoke(by("shop"), { token: root });
    expect(await refusalOf(made.exchange(request))).toMatchObject({ code: "invalid_request" });
  });

  it("is looked up with the token itself", async () => {
    const store = createMemoryStore();
    const made = await world();
    const context = await testContext(made.context.tenant, counting(store), authorities, made.context.clock);
    const all = { context, ...acts(context) };
    const { root, second } = await chain(all);
    queries = 0;
    await all.isActive(root);
    expect(queries).toBe(1);
    queries = 0;
    await all.isActive(second);
    expect(queries).toBe(1);
  });
});

let queries = 0;

/** The same store, but it counts look-ups. */
function counting(store: ReturnType<typeof createMemoryStore>): typeof store {
  const counted =
    <A extends readonly unknown[], R>(run: (...args: A) => R) =>
    (...args: A): R => {
      queries += 1;
      return run(...args);
    };
  return {
    ...store,
    forTenant(id) {
      const tenant = store.forTenant(id);
      const { families, revocations, referenceTokens } = tenant;
      return {
        ...tenant,
        families: { ...families, find: counted(families.find.bind(families)) },
        revocations: { ...revocations, find: counted(revocations.find.bind(revocations)) },
        referenceTokens: { ...referenceTokens, find: counted(referenceTokens.find.bind(referenceTokens)) },
      };
    },
  };
}

describe("token exchange refuses", () => {
  const BAD = "subject_token is not of that type, cannot be used by this client, has expired or was revoked.";

  it.each<[string, (made: World) => Promise<string>]>([
    ["what is no token", async () => "none"],
    ["another's token that the client may not see", async ({ shown }) => shown()],
    [
      "a token without a subject",
      async ({ shown }) => shown({ grantType: "arbitrary_no_subject", subject: undefined }),
    ],
    [
      "a token in another issuer's name",
      ({ shown }) => shown({ grantType: "arbitrary_token", issuer: "https://accounts.google.com" }, "orders"),
    ],
    [
      "a refresh token",
      async ({ context }) => {
        const request = { grantType: "arbitrary_identity", subject: "alice", scopes: ["offline_access"] };
        return (await context.engine.mint(by("orders"), request)).refreshToken ?? "";
      },
    ],
    [
      "a token that has expired",
      async ({ shown, context }) => {
        const token = await shown({ accessTokenLifetime: 1 }, "orders");
        context.clock.advance(1000);
        return token;
      },
    ],
    [
      "a token that was revoked",
      async ({ shown, context }) => {
        const token = await shown({}, "orders");
        await context.engine.revoke(by("orders"), { token });
        return token;
      },
    ],
  ])("%s, with one message", async (_, token) => {
    const made = await world({ orders: { introspection: "own" } });
    const subjectToken = await token(made);
    expect(await refusalOf(made.exchange({ subjectToken }))).toEqual({ code: "invalid_request", message: BAD });
    const request = { actorToken: subjectToken, actorTokenType: ACCESS_TOKEN, subjectToken: await made.own() };
    expect(await refusalOf(made.exchange(request))).toEqual({
      code: "invalid_request",
      message: BAD.replace("subject_token", "actor_token"),
    });
  });

  it.each<[string, MintRequest, Changes, string, string]>([
    [
      "a client without a policy",
      {},
      { orders: { tokenExchange: undefined } },
      "unauthorized_client",
      "The client's registration does not say what it may exchange.",
    ],
    [
      "a client whose grants do not name it",
      {},
      { orders: { grants: new Set() } },
      "unauthorized_client",
      `The grant_type ${grantType} is not allowed for this client.`,
    ],
    ["a public client", {}, { orders: { requireSecret: false, secrets: [] } }, "invalid_client", ""],
    [
      "no token",
      { subjectToken: undefined, subjectTokenType: undefined },
      {},
      "invalid_request",
      "subject_token is required. | subject_token_type is required.",
    ],
    [
      "a type that the client may not exchange",
      {},
      { exchange: { subjectTokens: ["id_token"] } },
      "invalid_request",
      `subject_token_type must be ${type("id_token")}.`,
    ],
    [
      "an unknown type",
      { subjectTokenType: "jwt" },
      { exchange: { subjectTokens: ["jwt", "access_token"] } },
      "invalid_request",
      `subject_token_type must be ${type("jwt")} or ${ACCESS_TOKEN}.`,
    ],
    [
      "an unknown requested type",
      { requestedTokenType: type("saml2") },
      {},
      "invalid_request",
      `requested_token_type must be ${ACCESS_TOKEN} or ${type("jwt")} or ${type("id_token")}.`,
    ],
    [
      "a JWT that is none",
      { requestedTokenType: type("jwt"), accessTokenType: "reference" },
      {},
      "invalid_request",
      "access_token_type does not fit requested_token_type.",
    ],
    [
      "an actor without a type",
      { actorToken: "x" },
      {},
      "invalid_request",
      "actor_token and actor_token_type are required together.",
    ],
    [
      "a type without an actor",
      { actorTokenType: ACCESS_TOKEN },
      {},
      "invalid_request",
      "actor_token and actor_token_type are required together.",
    ],
    [
      "no actor if there must be one",
      {},
      { exchange: { mode: "delegation" } },
      "invalid_request",
      "actor_token is required: this client may only get tokens that say who acts.",
    ],
    [
      "an actor if there may be none",
      { actorToken: "x", actorTokenType: ACCESS_TOKEN },
      { exchange: { mode: "impersonation" } },
      "invalid_request",
      "actor_token is not allowed: this client may only get tokens without an actor.",
    ],
    [
      "an audience that is not in the policy",
      { audiences: ["billing", "shipping"] },
      {},
      "invalid_target",
      "The audience 'shipping' is not allowed for this client.",
    ],
    [
      "an audience that the client is not allowed",
      { audiences: ["billing"] },
      { orders: { allowedAudiences: ["x"] } },
      "invalid_target",
      "The audience 'billing' is not allowed for this client.",
    ],
    [
      "the subject token's, if the client is not allowed it",
      {},
      { orders: { allowedAudiences: ["x"] } },
      "invalid_target",
      "The audience 'a' is not allowed for this client.",
    ],
    [
      "a resource that is not in the policy",
      { resources: ["https://mint.example/resources"] },
      {},
      "invalid_target",
      "The audience 'https://mint.example/resources' is not allowed for this client.",
    ],
    [
      "more scopes",
      { scopes: ["a", "c"] },
      {},
      "invalid_scope",
      "The scope 'c' is not allowed: subject_token does not have it.",
    ],
    [
      "a scope that the client may not have",
      { scopes: ["b"] },
      { orders: { scopes: new Set(["a"]) } },
      "invalid_scope",
      "The scope 'b' is not allowed for this client.",
    ],
    [
      "scopes for an id_token",
      { scopes: ["openid", "a"], requestedTokenType: type("id_token") },
      {},
      "invalid_scope",
      "The scope 'a' is not allowed: an id_token has no scopes.",
    ],
    [
      "a subject that the client is not allowed",
      {},
      { orders: { allowedSubjects: ["bob"] } },
      "invalid_request",
      "The subject is not allowed for this client.",
    ],
    [
      "a JWT of an authority that has expired",
      { subjectToken: "foreign: late", subjectTokenType: type("jwt") },
      {},
      "invalid_request",
      BAD,
    ],
    ["claims", { arbitraryClaims: {} }, {}, "invalid_request", `arbitrary_claims is not a parameter of ${grantType}.`],
  ])("%s", async (_, request, changes, code, message) => {
    const { shown, exchange } = await world(changes);
    const refusal = await refusalOf(exchange({ subjectToken: await shown({ scopes: ["a", "b"] }), ...request }));
    expect(refusal.code).toBe(code);
    if (message !== "") expect(refusal.message).toBe(message);
  });

  it("somebody of an authority who has the name of a client, as the subject and as the actor", async () => {
    const { own, shown, exchange } = await world({
      exchange: { actorTokens: ["access_token", "jwt"] },
      tenant: {
        authorities: new Map([
          ["idp", { issuer: "https://idp.example", audiences: ["us"], subjectPrefix: "", amr: [] }],
        ]),
      },
    });
    const namesake = "foreign: billing";
    for (const request of [
      { subjectToken: namesake, subjectTokenType: type("jwt"), scopes: ["a"] },
      // The client's own token does not vouch for its namesake.
      { subjectToken: namesake, subjectTokenType: type("jwt"), actorToken: await own("billing") },
      { subjectToken: await shown(), actorToken: namesake, actorTokenType: type("jwt") },
    ]) {
      const asked = { ...(request.actorToken && { actorTokenType: ACCESS_TOKEN }), ...request };
      const of = request.actorToken === namesake ? "actor_token" : "subject_token";
      expect(await refusalOf(exchange(asked))).toEqual({
        code: "invalid_request",
        message: `The subject of ${of} must not be the id of a client that gets tokens for itself.`,
      });
    }
  });

  it("an actor whose own token says that somebody acts for it", async () => {
    const { shown, own, exchange } = await world();
    const actor = { actorToken: await own(), actorTokenType: ACCESS_TOKEN };
    const { accessToken } = await exchange({ subjectToken: await shown(), ...actor });
    const request = { subjectToken: await shown(), actorToken: accessToken, actorTokenType: ACCESS_TOKEN };
    expect(await refusalOf(exchange(request))).toMatchObject({ code: "invalid_request" });
  });

  it("claims that only an exchange may set", async () => {
    const { shown } = await world();
    for (const name of ["act", "derived_from"])
      expect(await refusalOf(shown({ arbitraryClaims: { [name]: "x" } }))).toMatchObject({ code: "invalid_request" });
  });
});

describe("what a client may get", () => {
  it("is the types of tokens in its policy", async () => {
    const { shown, exchange } = await world({ exchange: { requestedTokens: ["id_token"] } });
    const subjectToken = await shown();
    for (const requestedTokenType of [undefined, type("jwt"), ACCESS_TOKEN])
      expect(await refusalOf(exchange({ subjectToken, requestedTokenType }))).toEqual({
        code: "invalid_request",
        message: `requested_token_type must be ${type("id_token")}.`,
      });
    await exchange({ subjectToken, requestedTokenType: type("id_token") });
  });
});

describe("without an audience", () => {
  it("keeps those of the subject token, but for what only the other scopes gave", async () => {
    const { shown, exchange } = await world();
    const subjectToken = await shown({ scopes: ["a", "aggregator_service.read_only"], arbitraryAudiences: ["extra"] });
    const { accessToken } = await exchange({ subjectToken, scopes: ["a"] });
    expect(claimsOf(accessToken).aud).toEqual(["https://mint.example/resources", "a", "extra"]);
  });

  it("takes the scopes of the subject token that the client may have", async () => {
    const { shown, exchange } = await world({ orders: { scopes: new Set(["b"]) } });
    const { scopes, accessToken } = await exchange({ subjectToken: await shown({ scopes: ["a", "b"] }) });
    expect(scopes).toEqual(["b"]);
    expect(claimsOf(accessToken).aud).toEqual(["https://mint.example/resources", "b"]);
  });
});
