import { beforeAll, describe, expect, it } from "vitest";
import { toSeconds } from "../../src/base/clock.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const valid: MintRequest = { grantType: "arbitrary_token", issuer: "https://mint.example" };

let context: TestContext;
beforeAll(async () => {
  context = await testContext(
    testTenant({}, [testClient({ namespace: "group", claims: new Map([["*", { fixed: true }]]) })]),
  );
});

const mint = (request: MintRequest) => context.engine.mint(credentials, { ...valid, ...request });

describe("arbitrary_token", () => {
  it("mints a token with no more in it than it must have", async () => {
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
      client_namespace: "group",
      fixed: true,
    });
    expect(tokens).toMatchObject({ idToken: undefined, refreshToken: undefined, scopes: [] });
  });

  it("lets the caller set what is the mint's in other grants, and keeps it as it came", async () => {
    const set = { amr: ["b"], aud: ["z", "a"], scope: ["z", "a"], azp: ["one"], idp: "elsewhere", auth_time: 12 };
    const tokens = await mint({ arbitraryClaims: set, issuer: "https://accounts.google.com", subject: "someone" });
    expect(claimsOf(tokens.accessToken)).toMatchObject({ ...set, iss: "https://accounts.google.com", sub: "someone" });
    expect(tokens.scopes).toEqual(["z", "a"]);
  });

  it("asks for a refresh token by its scope claim", async () => {
    const tokens = await mint({ arbitraryClaims: { scope: ["offline_access"] } });
    expect(tokens.refreshToken).toBeDefined();
    expect(claimsOf(tokens.accessToken).scope).toEqual(["offline_access"]);
  });

  it("merges arbitrary_json at the top level", async () => {
    const tokens = await mint({
      arbitraryClaims: { role: ["a"] },
      arbitraryJson: { tip: { dog: ["cat"] }, list: ["one"], none: null },
    });
    expect(claimsOf(tokens.accessToken)).toMatchObject({ role: "a", tip: { dog: ["cat"] }, list: ["one"], none: null });
  });

  it.each<[MintRequest, string]>([
    [{ issuer: undefined }, "issuer is required."],
    [{ issuer: "https://evil.example" }, "The issuer 'https://evil.example' is not allowed for this client."],
    [{ arbitraryClaims: { sub: "x" } }, "The arbitrary claim: 'sub' is not allowed."],
    [{ arbitraryClaims: { Scope: ["x"] } }, "The arbitrary claim: 'Scope' is not allowed."],
    [
      { arbitraryClaims: { scope: "x" } },
      "The arbitrary claim: 'scope' must be an array of strings that is not empty.",
    ],
    [{ arbitraryClaims: { azp: [1] } }, "The arbitrary claim: 'azp' must be an array of strings that is not empty."],
    ...["aud", "scope", "amr", "azp"].map((name): [MintRequest, string] => [
      { arbitraryClaims: { [name]: [] } },
      `The arbitrary claim: '${name}' must be an array of strings that is not empty.`,
    ]),
    [{ arbitraryClaims: { idp: ["x"] } }, "The arbitrary claim: 'idp' must be a string."],
    [
      { arbitraryClaims: { auth_time: 1.5 } },
      "The arbitrary claim: 'auth_time' must be whole seconds since the Unix epoch.",
    ],
    [{ arbitraryJson: { aud: ["x"] } }, "The arbitrary_json member: 'aud' is not allowed."],
    [
      { arbitraryClaims: { role: "x" }, arbitraryJson: { role: "y" } },
      "The arbitrary_json member: 'role' is already in arbitrary_claims.",
    ],
    [
      { arbitraryClaims: { straße: "x" }, arbitraryJson: { STRASSE: "y" } },
      "The arbitrary_json member: 'STRASSE' is already in arbitrary_claims.",
    ],
    [{ arbitraryClaims: { Fixed: 1 } }, "The arbitrary claim: 'Fixed' is not allowed: it is fixed for this client."],
    [{ arbitraryJson: { FIXED: 1 } }, "The arbitrary claim: 'FIXED' is not allowed: it is fixed for this client."],
    [{ arbitraryJson: { fixed: false } }, "The arbitrary claim: 'fixed' is not allowed: it is fixed for this client."],
    [{ scopes: ["a"] }, "scope is not a parameter of arbitrary_token."],
    [{ arbitraryAmrs: ["a"] }, "arbitrary_amrs is not a parameter of arbitrary_token."],
  ])("refuses %j", async (request, message) => {
    expect(await refusalOf(mint(request))).toEqual({ code: "invalid_request", message });
  });

  it("holds a scope claim to the client's policy", async () => {
    const closed = await testContext(
      testTenant({}, [testClient({ scopes: new Set(["a"]), allowOfflineAccess: false })]),
    );
    const refuse = (scope: string[]) =>
      refusalOf(closed.engine.mint(credentials, { ...valid, arbitraryClaims: { scope } }));
    expect(await refuse(["b"])).toEqual({
      code: "invalid_scope",
      message: "The scope 'b' is not allowed for this client.",
    });
    expect(await refuse(["offline_access"])).toMatchObject({ code: "invalid_scope" });
    expect(await refuse(["a b"])).toEqual({ code: "invalid_scope", message: "The scope 'a b' is malformed." });
    expect(await refuse(["a".repeat(301)])).toMatchObject({ code: "invalid_scope" });
  });
});
