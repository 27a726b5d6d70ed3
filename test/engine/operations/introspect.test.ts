import { beforeEach, describe, expect, it } from "vitest";
import { toSeconds } from "../../../src/base/clock.ts";
import type { IntrospectRequest, MintRequest } from "../../../src/engine/request.ts";
import type { Client } from "../../../src/registry/tenant.ts";
import { fakeClock } from "../../support/clock.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { claimsOf } from "../../support/decode.ts";
import { type FailingStore, failingStore } from "../../support/failing-store.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const INACTIVE = { active: false };

let store: FailingStore;
let context: TestContext;
beforeEach(async () => {
  store = failingStore(createMemoryStore());
  const others: Partial<Client>[] = [
    { id: "stranger" },
    { id: "cat" },
    { id: "service", introspection: ["aggregator_service"] },
    { id: "auditor", introspection: "tenant" },
    { id: "open", requireSecret: false, secrets: [] },
  ];
  context = await testContext(testTenant({}, [testClient(), ...others.map(testClient)]), store);
});

const mint = (request: MintRequest = {}) =>
  context.engine.mint(
    { clientId: CLIENT_ID, clientSecret: SECRET },
    { grantType: "arbitrary_identity", subject: "someone", scopes: ["b", "a", "offline_access"], ...request },
  );

const introspect = (token: string | undefined, clientId = CLIENT_ID, request: IntrospectRequest = {}) =>
  context.engine.introspect({ clientId, clientSecret: SECRET }, { token, ...request });

describe("introspection", () => {
  it.each(["jwt", "reference"])("tells all that a %s access token says", async (accessTokenType) => {
    const request = { arbitraryClaims: { role: ["x", "y"] }, customPayload: { deep: [null] }, accessTokenLifetime: 60 };
    const { accessToken } = await mint({ ...request, accessTokenType });
    const now = toSeconds(context.clock.now());
    const answer = await introspect(accessToken);
    expect(answer).toEqual({
      nbf: now,
      exp: now + 60,
      iat: now,
      jti: expect.any(String),
      iss: "https://mint.example",
      aud: ["https://mint.example/resources", "a", "b"],
      sub: "someone",
      auth_time: now,
      idp: "local",
      amr: ["arbitrary_identity"],
      scope: "a b offline_access",
      nudibranch_watermark: "Daffy Duck",
      role: ["x", "y"],
      custom_payload: { deep: [null] },
      active: true,
      token_type: "Bearer",
      client_id: CLIENT_ID,
    });
    expect(Object.keys(answer).slice(-3)).toEqual(["active", "token_type", "client_id"]);
  });

  it("tells what a refresh token is, and that no resource server takes it for an access token", async () => {
    const { refreshToken } = await mint();
    const now = toSeconds(context.clock.now());
    expect(await introspect(refreshToken)).toEqual({
      token_type: "refresh_token",
      iss: "https://mint.example",
      sub: "someone",
      iat: now,
      exp: now + 1_296_000,
      scope: "a b offline_access",
      active: true,
      client_id: CLIENT_ID,
    });
  });

  it.each(["access_token", "refresh_token", "subject", "nonsense"])(
    "finds a token whatever the hint %s says",
    async (tokenTypeHint) => {
      const { accessToken, refreshToken } = await mint();
      expect(await introspect(accessToken, CLIENT_ID, { tokenTypeHint })).toMatchObject({ active: true });
      expect(await introspect(refreshToken, CLIENT_ID, { tokenTypeHint })).toMatchObject({ active: true });
    },
  );

  describe("shows an access token", () => {
    it.each<[string, MintRequest, boolean]>([
      ["stranger", {}, false],
      ["cat", {}, false],
      ["cat", { arbitraryAudiences: ["cat"] }, true],
      ["service", {}, false],
      ["service", { scopes: ["aggregator_service.read_only"] }, true],
      ["auditor", {}, true],
    ])("to %s, of %j: %s", async (clientId, request, active) => {
      const { accessToken } = await mint(request);
      expect(await introspect(accessToken, clientId)).toMatchObject({ active });
    });

    it("to nobody of another tenant", async () => {
      const { accessToken, refreshToken } = await mint();
      const other = await testContext(testTenant({ id: "other" }, [testClient({ introspection: "tenant" })]), store);
      for (const token of [accessToken, refreshToken]) {
        expect(await other.engine.introspect({ clientId: CLIENT_ID, clientSecret: SECRET }, { token })).toEqual(
          INACTIVE,
        );
      }
    });
  });

  it("shows a refresh token to its own client alone", async () => {
    const { refreshToken } = await mint({ arbitraryAudiences: ["cat"] });
    for (const clientId of ["stranger", "cat", "auditor"])
      expect(await introspect(refreshToken, clientId)).toEqual(INACTIVE);
  });

  it("says no more of any other text than that it is not active", async () => {
    const { idToken, accessToken, refreshToken = "" } = await mint({ accessTokenLifetime: 60 });
    const { accessToken: reference } = await mint({ accessTokenType: "reference", accessTokenLifetime: 60 });
    const [header, payload, signature] = accessToken.split(".");
    const texts = [
      idToken,
      "x",
      "a.b.c",
      "A".repeat(43),
      `${header}.${payload}.${signature?.replace(/^./, (first) => (first === "A" ? "B" : "A"))}`,
      refreshToken.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
      "x".repeat(60_000),
    ];
    for (const text of texts) expect(await introspect(text), text?.slice(0, 50)).toEqual(INACTIVE);
    context.clock.advance(60_000);
    for (const text of [accessToken, reference]) expect(await introspect(text)).toEqual(INACTIVE);
  });

  it("calls a superseded refresh token inactive, also within the grace", async () => {
    const { refreshToken } = await mint();
    const next = await context.engine.refresh({ clientId: CLIENT_ID, clientSecret: SECRET }, { refreshToken });
    expect(await introspect(refreshToken)).toEqual(INACTIVE);
    expect(await introspect(next.refreshToken)).toMatchObject({ active: true });
  });

  it("calls a token of a moment that no clock can have told yet inactive, and its refresh token", async () => {
    const texts = [await mint(), await mint({ accessTokenType: "reference" })].flatMap((tokens) => [
      tokens.accessToken,
      tokens.refreshToken,
    ]);
    const behind = await testContext(context.tenant, store, undefined, fakeClock(context.clock.now() - 1));
    for (const [of, active] of [
      [behind, false],
      [context, true],
    ] as const) {
      for (const token of texts)
        expect(await of.engine.introspect({ clientId: CLIENT_ID, clientSecret: SECRET }, { token })).toMatchObject({
          active,
        });
    }
    behind.clock.advance(1);
    expect(
      await behind.engine.introspect({ clientId: CLIENT_ID, clientSecret: SECRET }, { token: texts[0] }),
    ).toMatchObject({
      active: true,
    });
  });

  it("calls an expired refresh token inactive, though its row is still there", async () => {
    const { refreshToken } = await mint();
    context.clock.advance(15 * 86_400_000);
    expect(await introspect(refreshToken)).toEqual(INACTIVE);
  });

  it("asks the store every time, and one round of it for a JWT", async () => {
    const { accessToken } = await mint();
    for (let i = 0; i < 2; i++) {
      store.calls.length = 0;
      await introspect(accessToken);
      expect(store.calls).toEqual(["families.find", "revocations.find"]);
    }
  });

  it("never calls a revoked token active, though its revocation is swept while it is looked at", async () => {
    const { accessToken } = await mint({ scopes: ["nitro"], accessTokenLifetime: 60 });
    await context.engine.revoke({ clientId: CLIENT_ID, clientSecret: SECRET }, { token: accessToken });
    store.beforeNext("revocations.find", async () => {
      context.clock.advance(61_000);
      expect(await store.sweep(context.clock.now(), 10)).toBe(1);
    });
    expect(await introspect(accessToken)).toEqual(INACTIVE);
  });

  it("says that it does not know, rather than a guess, while the store is away", async () => {
    const { accessToken } = await mint();
    store.away = true;
    expect(await refusalOf(introspect(accessToken))).toMatchObject({ code: "temporarily_unavailable" });
  });

  it("is refused without a token, without a proven secret, and to who is not known", async () => {
    expect(await refusalOf(introspect(undefined))).toEqual({ code: "invalid_request", message: "token is required." });
    expect(await refusalOf(context.engine.introspect({ clientId: "open" }, { token: "x" }))).toEqual({
      code: "invalid_client",
      message: "A client needs its secret to introspect a token.",
    });
    expect(await refusalOf(introspect("x", "nobody"))).toMatchObject({ code: "invalid_client" });
  });

  it("tells of arbitrary_token what it said, its issuer too", async () => {
    const { accessToken } = await mint({
      grantType: "arbitrary_token",
      subject: undefined,
      scopes: undefined,
      issuer: "https://accounts.google.com",
      arbitraryClaims: { scope: ["x", "y"], azp: ["z"] },
    });
    const claims = claimsOf(accessToken);
    expect(await introspect(accessToken)).toEqual({ ...claims, scope: "x y", active: true, token_type: "Bearer" });
  });
});
