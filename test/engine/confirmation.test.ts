import { exportJWK, generateKeyPair, type JWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/base/json.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import { InvalidValue } from "../../src/engine/request.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const THUMBPRINT = "x".repeat(43);
const ALICE: MintRequest = { grantType: "arbitrary_identity", subject: "alice", scopes: ["a", "offline_access"] };

let context: TestContext;
let publicJwk: JWK;
let privateJwk: JWK;
beforeAll(async () => {
  context = await testContext(testTenant({}, [testClient({ allowConfirmation: true })]));
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  [publicJwk, privateJwk] = await Promise.all([exportJWK(publicKey), exportJWK(privateKey)]);
});

const mint = (confirmation: MintRequest["confirmation"], request = ALICE, { engine } = context) =>
  engine.mint(credentials, { ...request, confirmation });

describe("a key of somebody else", () => {
  it.each([
    ["jkt", "DPoP"],
    ["x5t#S256", "Bearer"],
  ])("by its %s is what the access token is bound to, at a refresh too", async (name, tokenType) => {
    const cnf = { [name]: THUMBPRINT };
    const tokens = await mint(cnf);
    expect(tokens.tokenType).toBe(tokenType);
    expect(claimsOf(tokens.accessToken).cnf).toEqual(cnf);
    const next = await context.engine.refresh(credentials, { refreshToken: tokens.refreshToken });
    expect(next.tokenType).toBe(tokenType);
    expect(claimsOf(next.accessToken).cnf).toEqual(cnf);
  });

  it("as a whole is in the token without what does not belong to a key", async () => {
    const given = { ...publicJwk, kid: "k", use: "sig", "https://evil.example": true } as JsonValue;
    const { accessToken } = await mint({ jwk: given });
    const { kty, crv, x, y } = publicJwk;
    expect(claimsOf(accessToken).cnf).toEqual({ jwk: { kty, crv, x, y } });
  });

  it("cannot be shown by the caller as a token of its own", async () => {
    const { accessToken } = await mint({ jkt: THUMBPRINT });
    const request = { grantType: "arbitrary_resource_owner", accessToken, arbitraryClaims: {} };
    expect(await refusalOf(context.engine.mint(credentials, request))).toMatchObject({ code: "invalid_grant" });
  });

  it("is refused to a client that may not", async () => {
    const other = await testContext();
    expect(await refusalOf(mint({ jkt: THUMBPRINT }, ALICE, other))).toMatchObject({
      code: "invalid_request",
      message: "confirmation is not allowed for this client.",
    });
  });

  it.each<[string, () => MintRequest["confirmation"]]>([
    ["no JSON", () => new InvalidValue()],
    ["no object", () => "jkt"],
    ["null", () => null],
    ["an empty object", () => ({})],
    ["two keys", () => ({ jkt: THUMBPRINT, "x5t#S256": THUMBPRINT })],
    ["a thumbprint that is too short", () => ({ jkt: "x".repeat(42) })],
    ["a thumbprint that is a number", () => ({ jkt: 1 })],
    ["an unknown member", () => ({ kid: "k" })],
    ["a member of every object", () => ({ toString: THUMBPRINT })],
    ["a private key", () => ({ jwk: privateJwk as JsonValue })],
    ["a secret key", () => ({ jwk: { kty: "oct", k: "AAAA" } })],
    ["no key", () => ({ jwk: {} })],
  ])("that is %s is refused", async (_, confirmation) => {
    const refusal = await refusalOf(mint(confirmation()));
    expect(refusal).toMatchObject({ code: "invalid_request", message: expect.stringContaining("one member: jkt or") });
  });

  it("is for access tokens alone", async () => {
    const subjectToken = (await mint(undefined)).accessToken;
    const types = "urn:ietf:params:oauth:token-type";
    const exchange = {
      subjectToken,
      subjectTokenType: `${types}:access_token`,
      requestedTokenType: `${types}:id_token`,
    };
    const request = { grantType: "urn:ietf:params:oauth:grant-type:token-exchange", ...exchange };
    expect(await refusalOf(mint({ jkt: THUMBPRINT }, request))).toMatchObject({
      message: "confirmation is for access tokens alone.",
    });
  });
});
