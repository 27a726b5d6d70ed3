import { beforeAll, describe, expect, it } from "vitest";
import { toSeconds } from "../../src/base/clock.ts";
import { InvalidValue, type MintRequest } from "../../src/engine/request.ts";
import { leftHalfHash } from "../../src/keyring/algorithms.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const valid: MintRequest = { grantType: "arbitrary_identity", subject: "someone", scopes: ["b", "a"] };

let context: TestContext;
beforeAll(async () => {
  context = await testContext();
});

const mint = (request: MintRequest) => context.engine.mint(credentials, { ...valid, ...request });
const problem = async (request: MintRequest) => (await refusalOf(mint(request))).message;

describe("arbitrary_identity", () => {
  it("mints an access token and an id_token of one moment", async () => {
    const tokens = await mint({});
    const now = toSeconds(context.clock.now());
    const shared = {
      nbf: now,
      iat: now,
      iss: "https://mint.example",
      sub: "someone",
      auth_time: now,
      idp: "local",
      amr: ["arbitrary_identity"],
      nudibranch_watermark: "Daffy Duck",
    };
    expect(claimsOf(tokens.accessToken)).toEqual({
      ...shared,
      exp: now + 2_592_000,
      jti: expect.any(String),
      aud: ["https://mint.example/resources", "a", "b"],
      client_id: CLIENT_ID,
      scope: ["a", "b"],
    });
    expect(claimsOf(tokens.idToken)).toEqual({
      ...shared,
      exp: now + 300,
      aud: [CLIENT_ID],
      at_hash: leftHalfHash("ES256", tokens.accessToken),
    });
    expect(tokens).toMatchObject({ expiresIn: 2_592_000, refreshToken: undefined, scopes: ["a", "b"] });
  });

  it("needs a subject and a scope, and says all that is wrong at once", async () => {
    expect(await problem({ subject: undefined, scopes: undefined, arbitraryClaims: new InvalidValue() })).toBe(
      "subject is required. | scope is required. | arbitrary_claims is not valid JSON.",
    );
  });

  it.each<[MintRequest, string]>([
    [{ arbitraryClaims: ["a"] }, "arbitrary_claims must be a JSON object."],
    [{ arbitraryClaims: { aud: ["x"] } }, "The arbitrary claim: 'aud' is not allowed."],
    [{ arbitraryClaims: { AUD: ["x"] } }, "The arbitrary claim: 'AUD' is not allowed."],
    [{ arbitraryClaims: { client_namespace: "x" } }, "The arbitrary claim: 'client_namespace' is not allowed."],
    [
      { arbitraryClaims: { nudibranch_watermark: "x" } },
      "The arbitrary claim: 'nudibranch_watermark' is not allowed: it is fixed for this client.",
    ],
    [{ arbitraryAmrs: "x" }, "arbitrary_amrs must be a JSON array of strings."],
    [{ arbitraryAudiences: [1] }, "arbitrary_audiences must be a JSON array of strings."],
    [
      { customPayload: new InvalidValue("it has a member twice.") },
      "custom_payload cannot be used: it has a member twice.",
    ],
    [{ issuer: "https://accounts.google.com" }, "issuer is not a parameter of arbitrary_identity."],
    [{ arbitraryJson: {} }, "arbitrary_json is not a parameter of arbitrary_identity."],
    [{ accessTokenLifetime: 0 }, "access_token_lifetime must be a whole number of seconds from 1 to 2592000."],
    [{ accessTokenLifetime: 2_592_001 }, "access_token_lifetime must be a whole number of seconds from 1 to 2592000."],
    [{ accessTokenLifetime: 1.5 }, "access_token_lifetime must be a whole number of seconds from 1 to 2592000."],
    [{ idTokenLifetime: Number.NaN }, "id_token_lifetime must be a whole number of seconds from 1 to 300."],
    [{ accessTokenType: "opaque" }, "access_token_type must be jwt or reference."],
    [{ subject: "x".repeat(256) }, "The subject is too long: at most 255 characters."],
  ])("refuses %j", async (request, message) => {
    expect(await refusalOf(mint(request))).toEqual({ code: "invalid_request", message });
  });

  it("refuses nested JSON as a claim, and says where it belongs", async () => {
    expect(await problem({ arbitraryClaims: { nested: { a: 1 } } })).toMatch(/belongs in custom_payload\.$/);
    expect(await problem({ arbitraryClaims: { nothing: null } })).toContain("'nothing' must be a string");
  });

  it("lowers the lifetimes as asked", async () => {
    const tokens = await mint({ accessTokenLifetime: 60, idTokenLifetime: 30 });
    const now = toSeconds(context.clock.now());
    expect(tokens.expiresIn).toBe(60);
    expect(claimsOf(tokens.accessToken).exp).toBe(now + 60);
    expect(claimsOf(tokens.idToken).exp).toBe(now + 30);
  });

  it("carries claims, amrs, audiences and a payload in both tokens", async () => {
    const tokens = await mint({
      arbitraryClaims: { one: ["x"], many: ["x", "y"], number: [1], flag: true, constructor: "c" },
      arbitraryAmrs: ["pin"],
      arbitraryAudiences: ["zebra", "ant"],
      customPayload: { deep: [{ a: null }] },
    });
    const expected = {
      one: "x",
      many: ["x", "y"],
      number: [1],
      flag: true,
      constructor: "c",
      amr: ["arbitrary_identity", "pin"],
      custom_payload: { deep: [{ a: null }] },
    };
    expect(claimsOf(tokens.accessToken)).toMatchObject({
      ...expected,
      aud: ["https://mint.example/resources", "a", "b", "zebra", "ant"],
    });
    expect(claimsOf(tokens.idToken)).toMatchObject({ ...expected, aud: [CLIENT_ID, "zebra", "ant"] });
  });

  it.each([
    [[], undefined],
    [[CLIENT_ID], undefined],
    [[CLIENT_ID, CLIENT_ID], undefined],
    [["ant"], CLIENT_ID],
    [[CLIENT_ID, "ant"], CLIENT_ID],
  ])("names who asked if the id_token is for others too: %j", async (arbitraryAudiences, azp) => {
    expect(claimsOf((await mint({ arbitraryAudiences })).idToken).azp).toBe(azp);
  });

  it("takes no audience from scopes of identity, unless a resource owns them", async () => {
    const scopes = ["openid", "profile", "email", "address", "phone", "offline_access", "b"];
    const { accessToken } = await mint({ scopes });
    expect(claimsOf(accessToken)).toMatchObject({
      aud: ["https://mint.example/resources", "b"],
      scope: [...scopes].sort(),
    });
    const owning = await testContext(testTenant({ resources: new Map([["directory", ["phone"]]]) }));
    const tokens = await owning.engine.mint(credentials, { ...valid, scopes: ["openid", "phone"] });
    expect(claimsOf(tokens.accessToken).aud).toEqual(["https://mint.example/resources", "directory"]);
  });

  it("names the resource that owns a scope, once", async () => {
    const tokens = await mint({
      scopes: ["aggregator_service.read_only", "z", "aggregator_service.full_access", "offline_access"],
    });
    expect(claimsOf(tokens.accessToken).aud).toEqual(["https://mint.example/resources", "aggregator_service", "z"]);
  });
});
