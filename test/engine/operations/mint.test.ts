import { describe, expect, it } from "vitest";
import type { MintRequest } from "../../../src/engine/request.ts";
import { type Store, StoreUnavailableError } from "../../../src/store/port.ts";
import { parseJti } from "../../../src/token/jti.ts";
import { handleDigest } from "../../../src/token/reference-token.ts";
import { parseRefreshToken } from "../../../src/token/refresh-token.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { claimsOf } from "../../support/decode.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, SECRET, sha256Secret, testClient, testLimits, testTenant } from "../../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const valid: MintRequest = { grantType: "arbitrary_identity", subject: "someone", scopes: ["a", "offline_access"] };

const macOf = (context: TestContext) => (generation: number, text: string) => context.keyring.mac(generation, text);

describe("mint", () => {
  it("keeps one row for a grant that can be refreshed, named by its tokens", async () => {
    const context = await testContext();
    const tokens = await context.engine.mint(credentials, { ...valid, accessTokenLifetime: 60 });
    const now = context.clock.now();
    const refresh = parseRefreshToken(tokens.refreshToken ?? "", macOf(context));
    expect(refresh).toMatchObject({ keyGeneration: 1, generation: 0 });
    expect(parseJti(String(claimsOf(tokens.accessToken).jti))).toEqual({ issuedAt: now, family: refresh?.family });
    const row = await context.store.families.find(refresh?.family ?? "");
    expect(row).toMatchObject({
      client: CLIENT_ID,
      subject: "someone",
      generation: 0,
      mintedAt: now,
      revokedAt: undefined,
      expiresAt: now + 1_296_000_000,
      purgeAt: now + 1_296_000_000,
    });
    expect(JSON.parse(row?.decision ?? "")).toMatchObject({ grantType: "arbitrary_identity", accessTokenLifetime: 60 });
    expect(JSON.stringify(row)).not.toContain(tokens.refreshToken);
  });

  it("keeps a row for as long as the last access token made from it can matter", async () => {
    const context = await testContext(
      testTenant({}, [testClient({ slidingRefreshTokenLifetime: 60, absoluteRefreshTokenLifetime: 60 })]),
    );
    const tokens = await context.engine.mint(credentials, { ...valid, accessTokenLifetime: 600 });
    const { family } = parseRefreshToken(tokens.refreshToken ?? "", macOf(context)) ?? {};
    const row = await context.store.families.find(family ?? "");
    expect(row).toMatchObject({ expiresAt: context.clock.now() + 60_000, purgeAt: context.clock.now() + 610_000 });
  });

  it("keeps a reference token's claims under its digest alone", async () => {
    const context = await testContext();
    const tokens = await context.engine.mint(credentials, {
      ...valid,
      scopes: ["a"],
      accessTokenType: "reference",
      accessTokenLifetime: 60,
    });
    expect(tokens.accessToken).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const row = await context.store.referenceTokens.find(handleDigest(tokens.accessToken));
    expect(JSON.parse(row?.claims ?? "")).toMatchObject({ sub: "someone", client_id: CLIENT_ID, scope: ["a"] });
    expect(row?.expiresAt).toBe(Math.floor(context.clock.now() / 1000) * 1000 + 60_000);
    expect(JSON.stringify(row)).not.toContain(tokens.accessToken);
  });

  it("gives no refresh token, no row and no family if none is asked for", async () => {
    const context = await testContext();
    const tokens = await context.engine.mint(credentials, { ...valid, scopes: ["a"] });
    expect(tokens.refreshToken).toBeUndefined();
    expect(parseJti(String(claimsOf(tokens.accessToken).jti))?.family).toBeUndefined();
  });

  it.each<[string, MintRequest, string, string]>([
    ["no grant_type", { grantType: undefined }, "invalid_request", "grant_type is required."],
    [
      "an unknown grant_type",
      { grantType: "password" },
      "unsupported_grant_type",
      "grant_type must be one of arbitrary_token, arbitrary_no_subject, arbitrary_resource_owner, " +
        "arbitrary_oidc_resource_owner, arbitrary_identity, client_credentials, " +
        "urn:ietf:params:oauth:grant-type:token-exchange, urn:ietf:params:oauth:grant-type:jwt-bearer, or refresh_token (over RPC: call Refresh).",
    ],
    [
      "a refresh",
      { grantType: "refresh_token" },
      "unsupported_grant_type",
      "Mint does not take the grant_type refresh_token: call Refresh.",
    ],
    [
      "a grant_type named like an object's own",
      { grantType: "constructor" },
      "unsupported_grant_type",
      "grant_type must be one of ",
    ],
    [
      "a grant that the client may not use",
      { grantType: "arbitrary_token" },
      "unauthorized_client",
      "The grant_type arbitrary_token is not allowed for this client.",
    ],
  ])("refuses %s", async (_, request, code, message) => {
    const context = await testContext(testTenant({}, [testClient({ grants: new Set(["arbitrary_identity"]) })]));
    const refusal = await refusalOf(context.engine.mint(credentials, { ...valid, ...request }));
    expect(refusal).toEqual({ code, message: expect.stringContaining(message) });
  });

  it("tells which parameters each grant takes, by their names on the wire", async () => {
    const { grantParameters, refreshableGrants } = (await testContext()).engine;
    expect([...grantParameters.keys()].filter((name) => !refreshableGrants.has(name))).toEqual([
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ]);
    expect([...grantParameters.keys()]).toHaveLength(8);
    expect(grantParameters.get("arbitrary_token")).toContain("arbitrary_json");
    expect(grantParameters.get("arbitrary_identity")).toEqual(
      expect.arrayContaining(["scope", "arbitrary_amrs", "id_token_lifetime"]),
    );
  });

  it("checks the client before it looks at anything else", async () => {
    const context = await testContext();
    expect(await refusalOf(context.engine.mint({ ...credentials, clientSecret: "wrong" }, {}))).toMatchObject({
      code: "invalid_client",
    });
  });

  describe("bounds what it is given", () => {
    it.each<[string, MintRequest, string]>([
      ["depth", { customPayload: [[[[[[[[[]]]]]]]]] }, "custom_payload is nested too deeply."],
      [
        "bytes",
        { customPayload: "x".repeat(16 * 1024) },
        "The claims are too large: at most 16384 bytes of JSON in all.",
      ],
      [
        "claims",
        { arbitraryClaims: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`c${i}`, 1])) },
        "There are too many claims: at most 64.",
      ],
      ["Unicode", { customPayload: { a: "\ud800" } }, "custom_payload holds text that is not well-formed Unicode."],
      [
        "Unicode in names",
        { arbitraryClaims: { "\udc00": 1 } },
        "arbitrary_claims holds text that is not well-formed Unicode.",
      ],
    ])("%s", async (_, request, message) => {
      const context = await testContext();
      expect(await refusalOf(context.engine.mint(credentials, { ...valid, ...request }))).toEqual({
        code: "invalid_request",
        message,
      });
    });

    it("accepts what is just within the limits", async () => {
      const context = await testContext();
      await context.engine.mint(credentials, { ...valid, customPayload: [[[[[[[[]]]]]]]] });
    });

    it("the token that it would issue, before anything is written", async () => {
      let writes = 0;
      const store = createMemoryStore();
      const counting: Store = {
        ...store,
        forTenant(tenant) {
          const { families, ...rest } = store.forTenant(tenant);
          return {
            ...rest,
            families: {
              ...families,
              create(row) {
                writes += 1;
                return families.create(row);
              },
            },
          };
        },
      };
      const context = await testContext(
        testTenant({ limits: { ...testLimits, tokenWarnBytes: 500 } }, [testClient({ maxTokenBytes: 2000 })]),
        counting,
      );
      const payload = (length: number) => ({ ...valid, customPayload: "x".repeat(length) });
      expect(await refusalOf(context.engine.mint(credentials, payload(3000)))).toMatchObject({
        code: "invalid_request",
        message: expect.stringMatching(/^The access token would have \d+ bytes: at most 2000 are allowed\.$/),
      });
      expect(writes).toBe(0);
      await context.engine.mint({ ...credentials, requestId: "r1" }, payload(10));
      expect(writes).toBe(1);
      const fields = { event: "large_token", requestId: "r1", kind: "access token", bytes: expect.any(Number) };
      expect(context.logger.lines).toContainEqual({
        level: "warn",
        fields: expect.objectContaining(fields),
        message: "a large token was issued",
      });
    });

    it("and tells of no large token that was not issued", async () => {
      const client = testClient({ maxGrants: 0 });
      const context = await testContext(testTenant({ limits: { ...testLimits, tokenWarnBytes: 500 } }, [client]));
      const request = { ...valid, scopes: ["offline_access"], customPayload: "x".repeat(500) };
      expect(await refusalOf(context.engine.mint(credentials, request))).toMatchObject({ code: "access_denied" });
      expect(context.logger.text()).not.toContain("large_token");
    });
  });

  it("answers temporarily_unavailable if the store is unavailable, and mints what needs no row", async () => {
    const store = createMemoryStore();
    const context = await testContext(testTenant(), store);
    await store.close();
    expect(await refusalOf(context.engine.mint(credentials, valid))).toEqual({
      code: "temporarily_unavailable",
      message: "The token store cannot be reached. Try again.",
    });
    expect(context.logger.lines.at(-1)?.fields).toMatchObject({ err: expect.any(StoreUnavailableError) });
    await context.engine.mint(credentials, { ...valid, scopes: ["a"] });
  });

  it("tells the log, and not the caller, what went wrong unexpectedly", async () => {
    const context = await testContext();
    const secret = "not in the log";
    const broken = await testContext(testTenant({}, [testClient({ secrets: [sha256Secret(secret)] })]), {
      ...context.wholeStore,
      forTenant: (tenant) => ({
        ...context.wholeStore.forTenant(tenant),
        families: {
          ...context.wholeStore.forTenant(tenant).families,
          create: async () => {
            throw new TypeError("a bug with a detail");
          },
        },
      }),
    });
    expect(await refusalOf(broken.engine.mint({ ...credentials, clientSecret: secret }, valid))).toEqual({
      code: "server_error",
      message: "An unexpected error occurred.",
    });
    expect(broken.logger.text()).toContain("a bug with a detail");
    expect(broken.logger.text()).not.toContain(secret);
  });
});
