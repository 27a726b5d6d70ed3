import { beforeEach, describe, expect, it } from "vitest";
import { toSeconds } from "../../../src/base/clock.ts";
import type { MintRequest, TokenSet } from "../../../src/engine/request.ts";
import type { Client } from "../../../src/registry/tenant.ts";
import { parseJti } from "../../../src/token/jti.ts";
import { revocationIds } from "../../../src/token/revocation.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { claimsOf } from "../../support/decode.ts";
import { type FailingStore, failingStore } from "../../support/failing-store.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const DAY = 86_400_000;
const REFUSED = {
  code: "invalid_grant",
  message: "refresh_token is not valid for this client, has expired or was revoked.",
};

let store: FailingStore;
let context: TestContext;
beforeEach(async () => {
  store = failingStore(createMemoryStore());
  context = await testContext(testTenant(), store);
});

/** The same data, and the same clock, served under another configuration of the client. */
async function reconfigured(client: Partial<Client>, tenantClients = [testClient(client)]): Promise<TestContext> {
  const other = await testContext(testTenant({}, tenantClients), store);
  other.clock.advance(context.clock.now() - other.clock.now());
  return other;
}

const mint = (request: MintRequest = {}, of = context) =>
  of.engine.mint(credentials, {
    grantType: "arbitrary_resource_owner",
    subject: "someone",
    scopes: ["a", "b", "offline_access"],
    arbitraryClaims: { role: ["x"] },
    accessTokenLifetime: 600,
    ...request,
  });

const refresh = (tokens: TokenSet, scopes?: string[], of = context) =>
  of.engine.refresh(credentials, { refreshToken: tokens.refreshToken, scopes });

const familyOf = (tokens: TokenSet) => parseJti(String(claimsOf(tokens.accessToken).jti))?.family ?? "";

describe("refresh", () => {
  it("gives new tokens that say what the first ones said", async () => {
    const first = await mint({ arbitraryAudiences: ["cat"], customPayload: { deep: [1] } });
    context.clock.advance(5000);
    const next = await refresh(first);
    const { jti: firstJti, ...was } = claimsOf(first.accessToken);
    const { jti, ...is } = claimsOf(next.accessToken);
    const later = { nbf: Number(was.nbf) + 5, iat: Number(was.iat) + 5, exp: Number(was.exp) + 5 };
    expect(is).toEqual({ ...was, ...later });
    expect(jti).not.toBe(firstJti);
    expect(familyOf(next)).toBe(familyOf(first));
    expect(next).toMatchObject({ expiresIn: 600, idToken: undefined, scopes: ["a", "b", "offline_access"] });
    expect(next.refreshToken).not.toBe(first.refreshToken);
  });

  it("keeps the authentication time, and issues an id_token again if the grant did", async () => {
    const first = await mint({ grantType: "arbitrary_identity", idTokenLifetime: 60 });
    context.clock.advance(5000);
    const { accessToken, idToken } = await refresh(first);
    expect(claimsOf(accessToken).auth_time).toBe(claimsOf(first.accessToken).auth_time);
    const now = toSeconds(context.clock.now());
    expect(claimsOf(idToken)).toMatchObject({ iat: now, exp: now + 60, auth_time: claimsOf(first.idToken).auth_time });
    expect(claimsOf(idToken).at_hash).not.toBe(claimsOf(first.idToken).at_hash);
  });

  it("keeps the issuer and the type of arbitrary_token", async () => {
    const first = await context.engine.mint(credentials, {
      grantType: "arbitrary_token",
      issuer: "https://accounts.google.com",
      arbitraryClaims: { scope: ["offline_access"], aud: ["x"] },
      accessTokenType: "reference",
    });
    const next = await refresh(first);
    expect(next.accessToken).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await context.engine.introspect(credentials, { token: next.accessToken })).toMatchObject({
      active: true,
      iss: "https://accounts.google.com",
      aud: ["x"],
    });
  });

  describe("with fewer scopes", () => {
    it("narrows this access token, and the audiences that only the others gave, and nothing for good", async () => {
      const first = await mint({ scopes: ["b", "a", "offline_access"], arbitraryAudiences: ["b"] });
      const narrowed = await refresh(first, ["a"]);
      expect(narrowed.scopes).toEqual(["a"]);
      expect(claimsOf(narrowed.accessToken)).toMatchObject({
        scope: ["a"],
        aud: ["https://mint.example/resources", "a", "b"],
      });
      const dropped = await refresh(narrowed, ["b"]);
      expect(claimsOf(dropped.accessToken)).toMatchObject({
        scope: ["b"],
        aud: ["https://mint.example/resources", "b"],
      });
      expect((await refresh(dropped)).scopes).toEqual(["a", "b", "offline_access"]);
    });

    it("leaves out scopes of identity that were not granted", async () => {
      const first = await mint();
      const narrowed = await refresh(first, ["openid", "profile", "a", "email", "address", "phone"]);
      expect(narrowed.scopes).toEqual(["a"]);
      expect((await refresh(narrowed, ["openid"])).scopes).toEqual(["a", "b", "offline_access"]);
      expect(await refusalOf(refresh(narrowed, ["openid", "c"]))).toMatchObject({ code: "invalid_scope" });
    });

    it("keeps scopes of identity that were granted, if they are asked for", async () => {
      const first = await mint({ scopes: ["a", "openid", "offline_access"] });
      expect((await refresh(first, ["openid", "email"])).scopes).toEqual(["openid"]);
      expect((await refresh(first, ["a"])).scopes).toEqual(["a"]);
    });

    it("never widens", async () => {
      const first = await mint();
      expect(await refusalOf(refresh(first, ["a", "c"]))).toEqual({
        code: "invalid_scope",
        message: "The scope 'c' was not granted.",
      });
      await refresh(first);
    });
  });

  describe("within the grace", () => {
    it("gives a retry the same next refresh token", async () => {
      const first = await mint();
      const next = await refresh(first);
      context.clock.advance(9_999);
      const retried = await refresh(first);
      expect(retried.refreshToken).toBe(next.refreshToken);
      expect(retried.accessToken).not.toBe(next.accessToken);
      await refresh(next);
    });

    it("gives 64 callers at once the same next refresh token", async () => {
      const first = await mint();
      const answers = await Promise.all(Array.from({ length: 64 }, () => refresh(first)));
      expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
      expect(new Set(answers.map((answer) => answer.accessToken)).size).toBe(64);
      await refresh(answers[0] ?? first);
    });

    it("knows only the last generation", async () => {
      const first = await mint();
      await refresh(await refresh(first));
      expect(await refusalOf(refresh(first))).toEqual(REFUSED);
    });
  });

  describe("after the grace", () => {
    it("takes a retry for reuse: the grant dies with all its access tokens, and the log says so", async () => {
      const first = await mint();
      const next = await refresh(first);
      context.clock.advance(10_000);
      expect(await refusalOf(refresh(first))).toEqual(REFUSED);
      expect(await refusalOf(refresh(next))).toEqual(REFUSED);
      for (const token of [first.accessToken, next.accessToken, next.refreshToken]) {
        expect(await context.engine.introspect(credentials, { token })).toEqual({ active: false });
      }
      expect(context.logger.lines).toContainEqual(
        expect.objectContaining({ level: "warn", fields: expect.objectContaining({ event: "refresh_reused" }) }),
      );
    });
  });

  it("with a grace of 0 lets at most one of 64 callers win, and takes the others for reuse", async () => {
    const strict = await reconfigured({ refreshGrace: 0 });
    const first = await mint({}, strict);
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, () => refresh(first, undefined, strict)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const next = outcomes.find((outcome) => outcome.status === "fulfilled")?.value ?? first;
    expect(await refusalOf(refresh(next, undefined, strict))).toEqual(REFUSED);
  });

  it("heals a store that came from a back-up and is behind", async () => {
    const first = await mint();
    const row = await context.store.families.find(familyOf(first));
    const second = await refresh(await refresh(first));
    if (row === undefined) throw new Error("no row");
    const behind = createMemoryStore();
    for (const key of await context.store.keys.list())
      await behind.forTenant("default").keys.append(key, key.generation - 1);
    await behind.forTenant("default").families.create(row);
    const healed = await testContext(testTenant(), behind);
    const third = await healed.engine.refresh(credentials, { refreshToken: second.refreshToken });
    expect((await behind.forTenant("default").families.find(familyOf(first)))?.generation).toBe(3);
    await healed.engine.refresh(credentials, { refreshToken: third.refreshToken });
  });

  it("lets refresh tokens be reused if the client is registered so", async () => {
    const reusing = await reconfigured({ refreshTokenUsage: "reuse" });
    const first = await mint({}, reusing);
    for (let i = 0; i < 3; i++) {
      reusing.clock.advance(DAY);
      expect((await refresh(first, undefined, reusing)).refreshToken).toBe(first.refreshToken);
    }
  });

  describe("lives", () => {
    it("until it has not been used for the sliding lifetime", async () => {
      let tokens = await mint();
      context.clock.advance(15 * DAY - 1);
      tokens = await refresh(tokens);
      context.clock.advance(15 * DAY - 1);
      expect((await context.store.families.find(familyOf(tokens)))?.expiresAt).toBe(context.clock.now() + 1);
      tokens = await refresh(tokens);
      context.clock.advance(15 * DAY);
      expect(await refusalOf(refresh(tokens))).toEqual(REFUSED);
    });

    it("never longer than the absolute lifetime, which may be lowered later", async () => {
      let tokens = await mint();
      for (let day = 0; day < 29; day++) {
        context.clock.advance(DAY);
        tokens = await refresh(tokens);
      }
      expect(
        await refusalOf(refresh(tokens, undefined, await reconfigured({ absoluteRefreshTokenLifetime: 29 * 86_400 }))),
      ).toEqual(REFUSED);
      context.clock.advance(DAY);
      expect(await refusalOf(refresh(tokens))).toEqual(REFUSED);
    });
  });

  describe("is refused", () => {
    it("without a token", async () => {
      expect(await refusalOf(context.engine.refresh(credentials, {}))).toEqual({
        code: "invalid_request",
        message: "refresh_token is required.",
      });
    });

    it("for any other text, before any look-up", async () => {
      const { accessToken, refreshToken = "" } = await mint();
      store.calls.length = 0;
      const forged = [accessToken, "x", `${refreshToken}x`, refreshToken.replace(/\.0\./, ".1.")];
      for (const text of forged) {
        expect(await refusalOf(context.engine.refresh(credentials, { refreshToken: text }))).toEqual(REFUSED);
      }
      expect(store.calls).toEqual([]);
      await refresh({ accessToken, refreshToken, tokenType: "Bearer", expiresIn: 0, scopes: [] });
    });

    it("to another client, and leaves the grant alone", async () => {
      const two = await reconfigured({}, [testClient(), testClient({ id: "other" })]);
      const first = await mint({}, two);
      const thief = { clientId: "other", clientSecret: SECRET };
      expect(await refusalOf(two.engine.refresh(thief, { refreshToken: first.refreshToken }))).toEqual(REFUSED);
      await refresh(first, undefined, two);
    });

    it("in another tenant", async () => {
      const first = await mint();
      const other = await testContext(testTenant({ id: "other" }), store);
      expect(await refusalOf(refresh(first, undefined, other))).toEqual(REFUSED);
    });

    it("once a revocation covers its grant", async () => {
      const first = await mint();
      const revocation = {
        id: revocationIds.subjectOfClient("someone", CLIENT_ID),
        notAfter: context.clock.now(),
        expiresAt: context.clock.now() + DAY,
      };
      await context.store.revocations.raise(revocation);
      expect(await refusalOf(refresh(first))).toEqual(REFUSED);
    });

    it("once its refresh key is revoked", async () => {
      const first = await mint();
      await context.store.revocations.raise({ id: revocationIds.refreshKey(1), notAfter: 8.64e15, expiresAt: 8.64e15 });
      expect(await refusalOf(refresh(first))).toEqual(REFUSED);
    });
  });

  describe("applies the client's policy of today", () => {
    it.each<[string, Partial<Client>, string]>([
      ["disabled", { enabled: false }, "The client is disabled."],
      [
        "without the grant",
        { grants: new Set() },
        "The grant_type arbitrary_resource_owner is not allowed for this client any more.",
      ],
      ["without a scope", { scopes: new Set(["a"]) }, "The scope 'b' is not allowed for this client."],
      [
        "without offline access",
        { allowOfflineAccess: false },
        "The scope 'offline_access' is not allowed for this client.",
      ],
      ["without an audience", { allowedAudiences: ["a"] }, "The audience 'b' is not allowed for this client."],
      ["without the subject", { allowedSubjects: ["else*"] }, "The subject is not allowed for this client."],
    ])("%s: invalid_grant, and the row stays", async (_, client, message) => {
      const first = await mint();
      expect(await refusalOf(refresh(first, undefined, await reconfigured(client)))).toEqual({
        code: "invalid_grant",
        message,
      });
      await refresh(first);
    });

    it("caps lifetimes and keeps fixed claims", async () => {
      const first = await mint({ grantType: "arbitrary_identity" });
      const other = await reconfigured({
        accessTokenLifetime: 60,
        idTokenLifetime: 30,
        claims: new Map([["*", { changed: true }]]),
      });
      const next = await refresh(first, undefined, other);
      expect(next.expiresIn).toBe(60);
      expect(claimsOf(next.accessToken)).toMatchObject({ nudibranch_watermark: "Daffy Duck" });
      expect(claimsOf(next.accessToken)).not.toHaveProperty("changed");
      expect(Number(claimsOf(next.idToken).exp) - Number(claimsOf(next.idToken).iat)).toBe(30);
    });
  });

  it("needs no secret if the client is registered so", async () => {
    const open = await reconfigured({ requireRefreshSecret: false });
    const first = await mint({}, open);
    await open.engine.refresh({ clientId: CLIENT_ID }, { refreshToken: first.refreshToken });
    expect(
      await refusalOf(context.engine.refresh({ clientId: CLIENT_ID }, { refreshToken: first.refreshToken })),
    ).toMatchObject({ code: "invalid_client" });
  });

  it("is taken by a process that is behind another, which refreshed and could not write that it is that late", async () => {
    const first = await mint();
    context.clock.advance(90_000);
    const behind = await reconfigured({});
    context.clock.advance(30_000);
    store.failNext("meta.raise", "refused");
    const next = await refresh(first);
    await refresh(next, undefined, behind);
  });

  describe("whose answer is lost", () => {
    const HOUR = 3_600_000;

    it.each(["refused", "lost"] as const)(
      "(%s) is settled once the store answers, however long that took",
      async (failure) => {
        const first = await mint();
        store.failNext("families.advance", failure);
        expect(await refusalOf(refresh(first))).toMatchObject({ code: "temporarily_unavailable" });
        store.away = true;
        context.clock.advance(HOUR);
        await context.uncertainRefreshes.reconcileAll();
        store.away = false;
        await context.uncertainRefreshes.reconcileAll();
        const other = await reconfigured({});
        await refresh(await refresh(first, undefined, other), undefined, other);
      },
    );

    it("stays owed though a retry with the token before is answered meanwhile", async () => {
      const first = await mint();
      const next = await refresh(first);
      store.failNext("families.advance", "late");
      await refusalOf(refresh(next));
      await refresh(first);
      await store.arrive();
      context.clock.advance(20_000);
      await refresh(await refresh(next));
    });

    it.each(["families.find", "families.advance"])(
      "is no reuse though it arrives just before %s of the retry",
      async (call) => {
        const first = await mint();
        store.failNext("families.advance", "late");
        await refusalOf(refresh(first));
        context.clock.advance(20_000);
        store.beforeNext(call, () => store.arrive());
        await refresh(await refresh(first));
      },
    );

    it("is kept for as long as the retry's access token can matter", async () => {
      const short = await reconfigured({ accessTokenLifetime: 60, slidingRefreshTokenLifetime: 30 });
      const first = await mint({ accessTokenLifetime: 60 }, short);
      store.failNext("families.advance", "lost");
      await refusalOf(refresh(first, undefined, short));
      short.clock.advance(25_000);
      const next = await refresh(first, undefined, short);
      short.clock.advance(59_000);
      await store.sweep(short.clock.now(), 100);
      expect(await short.engine.introspect(credentials, { token: next.accessToken })).toMatchObject({ active: true });
    });

    it("is settled before the node judges the retry", async () => {
      const first = await mint();
      store.failNext("families.advance", "lost");
      await refusalOf(refresh(first));
      context.clock.advance(HOUR);
      await refresh(await refresh(first));
    });

    it("also if the row moved and the reference token's row did not", async () => {
      const first = await mint({ accessTokenType: "reference" });
      store.failNext("referenceTokens.create", "refused");
      expect(await refusalOf(context.engine.refresh(credentials, { refreshToken: first.refreshToken }))).toMatchObject({
        code: "temporarily_unavailable",
      });
      context.clock.advance(HOUR);
      const next = await context.engine.refresh(credentials, { refreshToken: first.refreshToken });
      expect(await context.engine.introspect(credentials, { token: next.accessToken })).toMatchObject({ active: true });
    });

    it("counts as no retry of a token that has moved on", async () => {
      const first = await mint();
      store.failNext("families.advance", "lost");
      await refusalOf(refresh(first));
      const next = await refresh(await refresh(first));
      context.clock.advance(HOUR);
      await context.uncertainRefreshes.reconcileAll();
      expect(await refusalOf(refresh(first))).toEqual(REFUSED);
      expect(await refusalOf(refresh(next))).toEqual(REFUSED);
    });
  });
});
