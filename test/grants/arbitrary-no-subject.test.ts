import { beforeAll, describe, expect, it } from "vitest";
import { toSeconds } from "../../src/base/clock.ts";
import { InvalidValue, type MintRequest } from "../../src/engine/request.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const valid: MintRequest = { grantType: "arbitrary_no_subject", arbitraryClaims: { In: "Flames" } };

let context: TestContext;
beforeAll(async () => {
  context = await testContext();
});

const mint = (request: MintRequest) => context.engine.mint(credentials, { ...valid, ...request });

describe("arbitrary_no_subject", () => {
  it("says nothing of a subject or an authentication", async () => {
    const now = toSeconds(context.clock.now());
    const tokens = await mint({});
    expect(claimsOf(tokens.accessToken)).toEqual({
      nbf: now,
      iat: now,
      exp: now + 2_592_000,
      jti: expect.any(String),
      iss: "https://mint.example",
      aud: ["https://mint.example/resources"],
      client_id: CLIENT_ID,
      In: "Flames",
    });
    expect(tokens).toMatchObject({ idToken: undefined, refreshToken: undefined });
  });

  it("takes a sub among the claims", async () => {
    expect(claimsOf((await mint({ arbitraryClaims: { sub: "Ratt" } })).accessToken)).toMatchObject({ sub: "Ratt" });
  });

  it("gives a refresh token for offline_access, and does not tell it in the scope claim", async () => {
    const tokens = await mint({ scopes: ["offline_access", "nitro"] });
    expect(tokens.refreshToken).toBeDefined();
    expect(tokens.scopes).toEqual(["nitro", "offline_access"]);
    expect(claimsOf(tokens.accessToken).scope).toEqual(["nitro"]);
    expect(claimsOf((await mint({ scopes: ["offline_access"] })).accessToken)).not.toHaveProperty("scope");
  });

  it("adds audiences and a payload", async () => {
    const tokens = await mint({ arbitraryAudiences: ["cat"], customPayload: [1] });
    expect(claimsOf(tokens.accessToken)).toMatchObject({
      aud: ["https://mint.example/resources", "cat"],
      custom_payload: [1],
    });
  });

  it.each<[MintRequest, string]>([
    [{ arbitraryClaims: undefined }, "arbitrary_claims is required."],
    [{ arbitraryClaims: new InvalidValue() }, "arbitrary_claims is not valid JSON."],
    [{ arbitraryClaims: { sub: ["a"] } }, "The arbitrary claim: 'sub' must be a string that is not empty."],
    [{ arbitraryClaims: { sub: "" } }, "The arbitrary claim: 'sub' must be a string that is not empty."],
    [
      { arbitraryClaims: { SUB: "a", aud: "b" } },
      "The arbitrary claim: 'SUB' is not allowed. | The arbitrary claim: 'aud' is not allowed.",
    ],
    [{ arbitraryClaims: { sub: "x".repeat(256) } }, "The subject is too long: at most 255 characters."],
    [{ subject: "a" }, "subject is not a parameter of arbitrary_no_subject."],
    [{ arbitraryAmrs: ["a"] }, "arbitrary_amrs is not a parameter of arbitrary_no_subject."],
    [{ idTokenLifetime: 60 }, "id_token_lifetime is not a parameter of arbitrary_no_subject."],
  ])("refuses %j", async (request, message) => {
    expect(await refusalOf(mint(request))).toEqual({ code: "invalid_request", message });
  });
});
