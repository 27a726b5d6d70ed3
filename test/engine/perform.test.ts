import { beforeEach, describe, expect, it } from "vitest";
import { OAuthError } from "../../src/engine/errors.ts";
import type { LimitedOperation, Limiter } from "../../src/engine/limits/limiter.ts";
import { Overload } from "../../src/engine/limits/overload.ts";
import { perform } from "../../src/engine/perform.ts";
import type { TenantEngine } from "../../src/engine/port.ts";
import type { Operator, OperatorRole, RateLimits, Tenant } from "../../src/registry/tenant.ts";
import { JOBS } from "../../src/server/jobs.ts";
import type { Event, Listener } from "../../src/telemetry/events.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, NO_RATE_LIMITS, OPERATOR_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

let store: FailingStore;
let context: TestContext;
let engine: TenantEngine;
let events: Event[];
beforeEach(async () => {
  store = failingStore(createMemoryStore());
  events = [];
  context = await contextHeardBy((event) => void events.push(event));
  engine = context.engine;
});

/** A node's events begin with those of its start, which are not these tests' business. */
async function contextHeardBy(heard: Listener, tenant?: Tenant): Promise<TestContext> {
  const made = await testContext(tenant, store, undefined, undefined, { heard });
  events = [];
  made.logger.lines.length = 0;
  return made;
}

const arrival = { requestId: "r1", remoteAddress: "192.0.2.1" };
const caller = { ...arrival, clientId: CLIENT_ID, clientSecret: SECRET };
const operator = { ...arrival, authorization: `Basic ${btoa(`${OPERATOR_ID}:${SECRET}`)}` };
const mint = { grantType: "arbitrary_identity", subject: "someone", scopes: ["offline_access"] };
const anId = expect.stringMatching(/^[\w.-]+$/);
/** What stands in every event. */
const unsaid = { tenant: undefined, requestId: undefined, remoteAddress: undefined, duration: undefined };
const circumstances = { ...arrival, tenant: "default", duration: expect.any(Number) };

describe("an operator's roles", () => {
  const calls = {
    rotate: () => engine.rotate(operator, { dryRun: true }),
    revokeClient: () => engine.revokeClient(operator, { client: "nobody" }),
    listKeys: () => engine.listKeys(operator),
    listGrants: () => engine.listGrants(operator, { client: "nobody" }),
  };

  it.each<readonly [OperatorRole, readonly (keyof typeof calls)[]]>([
    ["keys", ["rotate", "revokeClient", "listKeys"]],
    ["clients", ["revokeClient", "listGrants"]],
    ["tenants", []],
    ["read", ["listKeys", "listGrants"]],
  ])("%s: allow %j and refuse all else", async (role, allowed) => {
    const withRole = { ...context.tenant.operators.get(OPERATOR_ID), roles: new Set([role]) } as Operator;
    context = await contextHeardBy(() => undefined, testTenant({ operators: new Map([[OPERATOR_ID, withRole]]) }));
    engine = context.engine;
    for (const [name, call] of Object.entries(calls)) {
      const refused = await call().then(
        () => undefined,
        (error: OAuthError) => error,
      );
      if (allowed.includes(name as keyof typeof calls)) expect(refused, name).toBeUndefined();
      else expect(refused).toMatchObject({ code: "access_denied", message: expect.stringContaining("needs the role") });
    }
  });

  it("are not asked of a caller that is no operator", async () => {
    const wrong = { ...operator, authorization: `Basic ${btoa(`${OPERATOR_ID}:wrong`)}` };
    expect(await refusalOf(engine.rotate(wrong, {}))).toMatchObject({ code: "invalid_client" });
  });
});

describe("limits", () => {
  const performing = (limiters: readonly Limiter[]) => ({ ...context.node.performing, limiters });

  it("are asked before an operation runs, with who calls, and refuse it", async () => {
    const asked: LimitedOperation[] = [];
    const refuse: Limiter = (operation) => {
      asked.push(operation);
      throw new OAuthError("temporarily_unavailable", "Too many mints. Try again.");
    };
    const never: Limiter = () => expect.unreachable();
    const refusal = await refusalOf(perform("mint", context.handle, caller, mint, performing([refuse, never])));
    expect(refusal).toEqual({ code: "temporarily_unavailable", message: "Too many mints. Try again." });
    const client = context.tenant.clients.get(CLIENT_ID);
    expect(asked).toEqual([{ operation: "mint", tenant: context.tenant, caller, client, hasProof: true }]);
    expect(events).toMatchObject([
      { ...circumstances, event: "refused", client: CLIENT_ID, code: "temporarily_unavailable" },
    ]);
    expect(await context.store.families.count(CLIENT_ID, context.clock.now(), 1)).toBe(0);
  });

  it("let through what they do not refuse, and are not asked about callers that prove nothing", async () => {
    const asked: (string | undefined)[] = [];
    const note: Limiter = ({ client }) => void asked.push(client?.id);
    await perform("mint", context.handle, caller, mint, performing([note, note]));
    await perform("listKeys", context.handle, operator, undefined, performing([note]));
    await refusalOf(perform("mint", context.handle, { ...caller, clientSecret: "wrong" }, mint, performing([note])));
    expect(asked).toEqual([CLIENT_ID, CLIENT_ID, undefined]);
  });
});

describe("a node without room", () => {
  it("refuses a request before anything is done for it, and tells so once", async () => {
    const { admit } = new Overload({ maxRequestsInFlight: 1, maxEventLoopLag: 1000 }, () => 0);
    const authenticators = { ...context.node.performing.authenticators, client: () => expect.unreachable() };
    const leave = admit();
    const refused = perform("mint", context.handle, caller, mint, {
      ...context.node.performing,
      admit,
      authenticators,
    });
    expect(await refusalOf(refused)).toEqual({
      code: "temporarily_unavailable",
      message: "The server is overloaded. Try again.",
    });
    expect(events).toMatchObject([{ ...circumstances, event: "overloaded", bound: "maxRequestsInFlight" }]);
    leave();
  });

  it("has room again once a request has ended, whatever became of it", async () => {
    const { admit } = new Overload({ maxRequestsInFlight: 1, maxEventLoopLag: 1000 }, () => 0);
    const performing = { ...context.node.performing, admit };
    const [first, second] = [
      perform("mint", context.handle, caller, mint, performing),
      perform("mint", context.handle, caller, mint, performing),
    ];
    expect(await refusalOf(second)).toMatchObject({ message: "The server is overloaded. Try again." });
    expect(await first).toMatchObject({ tokenType: "Bearer" });
    expect(await refusalOf(perform("mint", context.handle, caller, {}, performing))).toMatchObject({
      code: "invalid_request",
    });
    expect(await perform("mint", context.handle, caller, mint, performing)).toMatchObject({ tokenType: "Bearer" });
  });
});

describe("the limits that are configured", () => {
  const limits = (changes: Partial<RateLimits>) => testTenant({ rateLimits: { ...NO_RATE_LIMITS, ...changes } });

  it("refuse failed attempts from one address, with who was named, and nobody from another", async () => {
    const { engine } = await contextHeardBy(
      (event) => void events.push(event),
      limits({ failed_authentication_per_client: [{ most: 2, period: 60 }] }),
    );
    for (const code of ["invalid_client", "invalid_client", "temporarily_unavailable"]) {
      expect(await refusalOf(engine.mint({ ...caller, clientSecret: "wrong" }, mint))).toMatchObject({ code });
    }
    expect(await refusalOf(engine.mint(caller, mint))).toEqual({
      code: "temporarily_unavailable",
      message:
        "Too many failed attempts to authenticate: failed_authentication_per_client allows 2/m. Try again later.",
    });
    expect(events.at(-1)).toMatchObject({
      event: "rate_limited",
      limit: "failed_authentication_per_client",
      client: CLIENT_ID,
    });
    expect(await engine.mint({ ...caller, remoteAddress: "192.0.2.2" }, mint)).toMatchObject({ tokenType: "Bearer" });
    for (let i = 0; i < 2; i++)
      await refusalOf(engine.listKeys({ ...operator, authorization: `Basic ${btoa(`${OPERATOR_ID}:x`)}` }));
    await refusalOf(engine.listKeys(operator));
    expect(events.at(-1)).toMatchObject({ event: "rate_limited", operator: OPERATOR_ID });
  });

  it("refuse a client's mints once it is proven, and charge it for nobody else's attempts", async () => {
    const { engine, clock } = await contextHeardBy(
      (event) => void events.push(event),
      limits({ mint_per_client: [{ most: 2, period: 60 }] }),
    );
    for (let i = 0; i < 9; i++) await refusalOf(engine.mint({ ...caller, clientSecret: "wrong" }, mint));
    for (let i = 0; i < 2; i++) await engine.mint(caller, mint);
    expect(await refusalOf(engine.mint(caller, mint))).toMatchObject({ code: "temporarily_unavailable" });
    expect(events.at(-1)).toMatchObject({ event: "rate_limited", limit: "mint_per_client", client: CLIENT_ID });
    clock.advance(60_000);
    expect(await engine.mint(caller, mint)).toMatchObject({ tokenType: "Bearer" });
  });
});

describe("nodes that share a store", () => {
  it("share what they count for limits, as their job runs", async () => {
    const [mints, failures] = [[{ most: 4, period: 86_400 }], [{ most: 4, period: 86_400 }]];
    const tenant = testTenant({
      rateLimits: { ...NO_RATE_LIMITS, mint_per_client: mints, failed_authentication_per_client: failures },
    });
    const [one, other] = [await testContext(tenant, store), await testContext(tenant, store)];
    const share = async () => {
      for (const { node } of [one, other]) await node.jobs.find(({ name }) => name === JOBS.shareCounts)?.run();
    };
    const wrong = { ...caller, clientSecret: "wrong" };
    for (const { engine } of [one, one, other]) {
      await engine.mint(caller, mint);
      await refusalOf(engine.mint(wrong, mint));
    }
    await share();
    await other.engine.mint(caller, mint);
    await refusalOf(other.engine.mint(wrong, mint));
    expect(await refusalOf(other.engine.mint(wrong, mint))).toMatchObject({
      message: expect.stringContaining("failed_authentication_per_client allows 4/d"),
    });
    const elsewhere = { ...caller, remoteAddress: "192.0.2.2" };
    expect(await refusalOf(other.engine.mint(elsewhere, mint))).toMatchObject({
      message: expect.stringContaining("mint_per_client allows 4/d"),
    });
  });
});

describe("every operation ends with one event", () => {
  it("of what was done, by whom, and to which token", async () => {
    const { accessToken, refreshToken } = await engine.mint(caller, mint);
    const next = await engine.refresh(caller, { refreshToken });
    await engine.introspect(caller, { token: accessToken });
    await engine.introspect(caller, { token: next.refreshToken });
    await engine.introspect(caller, { token: "none" });
    await engine.revoke(caller, { token: "none" });
    await engine.revoke(caller, { token: next.refreshToken });
    await engine.revoke(caller, { token: accessToken });
    await engine.revoke(caller, { token: "someone", tokenTypeHint: "subject" });
    await engine.rotate(operator, { dryRun: true });
    await engine.listKeys(operator);
    await engine.revokeClient(operator, { client: "nobody" });
    const by = { client: CLIENT_ID, authentication: "client_secret_post" };
    const { subject } = mint;
    const family = events[0] !== undefined && "family" in events[0] ? events[0].family : "none";
    expect(events.map((event) => ({ ...event, ...unsaid }))).toEqual([
      {
        operation: "mint",
        ...by,
        event: "minted",
        grantType: mint.grantType,
        accessTokenType: "jwt",
        jti: anId,
        family,
        subject,
        decided: expect.any(Object),
      },
      {
        operation: "refresh",
        ...by,
        event: "refreshed",
        grantType: mint.grantType,
        accessTokenType: "jwt",
        jti: anId,
        family,
        subject,
        decided: expect.any(Object),
      },
      { operation: "introspect", ...by, event: "introspected", active: true, jti: anId, family, subject },
      { operation: "introspect", ...by, event: "introspected", active: true, family, subject },
      { operation: "introspect", ...by, event: "introspected", active: false, because: "not a token of this tenant" },
      { operation: "revoke", ...by, event: "revoked", what: "nothing", because: "not a token of this tenant" },
      { operation: "revoke", ...by, event: "revoked", what: "grant", family, subject },
      {
        operation: "revoke",
        ...by,
        event: "revoked",
        what: "access_token",
        jti: anId,
        family,
        subject,
        because: "grant revoked or unknown",
      },
      { operation: "revoke", ...by, event: "revoked", what: "subject", wholeNamespace: false, subject },
      {
        operation: "rotate",
        operator: OPERATOR_ID,
        event: "key_rotated",
        mode: "graceful",
        use: "signing",
        generation: expect.any(Number),
        dryRun: true,
      },
      { operation: "listKeys", operator: OPERATOR_ID, event: "keys_listed" },
      { operation: "revokeClient", operator: OPERATOR_ID, event: "client_revoked", revokedClient: "nobody" },
    ]);
    for (const event of events) expect(event).toMatchObject(circumstances);
  });

  it("of a refusal, with who was known and why", async () => {
    await refusalOf(engine.mint({ ...caller, clientSecret: "wrong" }, mint));
    await refusalOf(engine.mint({ ...caller, clientId: "nobody" }, mint));
    await refusalOf(engine.mint(caller, {}));
    await refusalOf(engine.listKeys({ ...operator, authorization: `Basic ${btoa(`${OPERATOR_ID}:wrong`)}` }));
    expect(events).toMatchObject([
      { event: "client_refused", client: CLIENT_ID, code: "invalid_client" },
      { event: "client_refused", client: undefined, code: "invalid_client" },
      { event: "refused", client: CLIENT_ID, code: "invalid_request", reason: "grant_type is required." },
      { event: "operator_refused", operator: OPERATOR_ID, code: "invalid_client" },
    ]);
    for (const event of events) expect(event).toMatchObject(circumstances);
  });

  it("of a refusal, with the grant and the client that it is about", async () => {
    const { accessToken, refreshToken } = await engine.mint(caller, mint);
    const [minted] = events.splice(0);
    const family = minted !== undefined && "family" in minted ? minted.family : "none";
    const publicCaller = { ...arrival, clientId: CLIENT_ID };
    const tooLong = "x".repeat(101);
    await refusalOf(engine.mint(caller, { ...mint, subject: undefined }));
    await refusalOf(engine.mint(caller, { grantType: "a secret in the wrong place" }));
    await refusalOf(engine.refresh(caller, { refreshToken, scopes: ["more"] }));
    await refusalOf(engine.refresh(caller, { refreshToken: `${refreshToken}x` }));
    await engine.revoke(caller, { token: refreshToken });
    await refusalOf(engine.refresh(caller, { refreshToken }));
    await refusalOf(engine.mint({ ...publicCaller, clientSecret: tooLong }, mint));
    await refusalOf(engine.mint({ ...publicCaller, clientId: tooLong }, mint));
    expect(events).toMatchObject([
      { event: "refused", client: CLIENT_ID, grantType: mint.grantType },
      { event: "refused", client: CLIENT_ID, code: "unsupported_grant_type" },
      { event: "refused", grantType: mint.grantType, family, code: "invalid_scope" },
      { event: "refused", code: "invalid_grant" },
      { event: "revoked", family },
      { event: "refused", family, code: "invalid_grant" },
      { event: "client_refused", client: CLIENT_ID, code: "invalid_request" },
      { event: "client_refused", client: undefined, code: "invalid_request" },
    ]);
    for (const index of [1, 3]) expect(events[index]).not.toMatchObject({ grantType: expect.anything() });
    expect(JSON.stringify(events)).not.toContain(accessToken);
    expect(events[3]).not.toHaveProperty("family");
  });

  it("of a client that must prove who it is, and did not", async () => {
    const node = await testContext(
      testTenant({}, [testClient({ requireSecret: false })]),
      store,
      undefined,
      undefined,
      {
        heard: (event) => void events.push(event),
      },
    );
    await refusalOf(node.engine.introspect({ ...arrival, clientId: CLIENT_ID }, { token: "any" }));
    expect(events).toMatchObject([{ event: "client_refused", client: CLIENT_ID, code: "invalid_client" }]);
  });

  it("of a refresh token that was used again, by its grant", async () => {
    const { refreshToken } = await engine.mint(caller, mint);
    await engine.refresh(caller, { refreshToken });
    context.clock.advance(10_000);
    await refusalOf(engine.refresh(caller, { refreshToken }));
    const minted = events[0] as Event & { readonly family: string };
    expect(events.at(-1)).toMatchObject({ event: "refresh_reused", family: minted.family, code: "invalid_grant" });
  });

  it("and changes nothing of the answer if somebody who hears it fails", async () => {
    const node = await contextHeardBy((event) => {
      events.push(event);
      throw new Error("the listener fails");
    });
    expect(await node.engine.mint(caller, mint)).toMatchObject({ tokenType: "Bearer" });
    expect(await refusalOf(node.engine.mint(caller, {}))).toMatchObject({ message: "grant_type is required." });
    expect(events).toMatchObject([{ event: "minted" }, { event: "refused" }]);
    const failures = node.logger.lines.filter(({ level }) => level === "error");
    expect(failures).toMatchObject([{ fields: { failed: "minted" } }, { fields: { failed: "refused" } }]);
  });

  it("of a failure, with its cause", async () => {
    store.failNext("families.create", "refused");
    await refusalOf(engine.mint(caller, mint));
    expect(events).toMatchObject([{ event: "refused", client: CLIENT_ID, code: "temporarily_unavailable" }]);
    expect(events[0]).toHaveProperty("cause.name", "StoreUnavailableError");
  });
});
