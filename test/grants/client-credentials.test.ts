import { describe, expect, it } from "vitest";
import { toSeconds } from "../../src/base/clock.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import type { Client } from "../../src/registry/tenant.ts";
import { testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const grantType = "client_credentials";

async function mint(request: MintRequest = {}, client: Partial<Client> = {}, caller: object = credentials) {
  const context = await testContext(testTenant({}, [testClient(client)]));
  const tokens = await context.engine.mint(caller, { grantType, ...request });
  return { ...tokens, context };
}

describe("client_credentials", () => {
  it("tells who the client is, and nothing of a user", async () => {
    const { accessToken, context, ...rest } = await mint({ scopes: ["aggregator_service.read_only", "a", "a"] });
    const now = toSeconds(context.clock.now());
    expect(claimsOf(accessToken)).toEqual({
      nbf: now,
      iat: now,
      exp: now + 2_592_000,
      jti: expect.any(String),
      iss: "https://mint.example",
      aud: ["https://mint.example/resources", "a", "aggregator_service"],
      client_id: CLIENT_ID,
      sub: CLIENT_ID,
      scope: ["a", "aggregator_service.read_only"],
    });
    expect(rest).toMatchObject({ idToken: undefined, refreshToken: undefined, tokenType: "Bearer" });
  });

  it("says what the client's registration says of it", async () => {
    const claims = new Map([[grantType, { tier: "gold" }]]);
    const { accessToken } = await mint({}, { claims, namespace: "storefront" });
    expect(claimsOf(accessToken)).toMatchObject({ tier: "gold", client_namespace: "storefront" });
  });

  it("gives reference tokens, and shorter ones", async () => {
    const { accessToken, expiresIn, context } = await mint({ accessTokenType: "reference", accessTokenLifetime: 60 });
    expect(expiresIn).toBe(60);
    expect(await context.engine.introspect(credentials, { token: accessToken })).toMatchObject({
      active: true,
      sub: CLIENT_ID,
    });
  });

  it("gives the client's default scopes if it asks for none, else only those", async () => {
    const defaultScopes = ["b", "a"];
    const asked = await mint({ scopes: ["c"] }, { defaultScopes });
    expect(asked.scopes).toEqual(["c"]);
    const unasked = await mint({}, { defaultScopes });
    expect(unasked.scopes).toEqual(["a", "b"]);
    expect(claimsOf(unasked.accessToken)).toMatchObject({ scope: ["a", "b"] });
    expect((await mint()).scopes).toEqual([]);
  });

  it("is not held to the subjects that the client may choose", async () => {
    const { accessToken } = await mint({}, { allowedSubjects: ["user-*"] });
    expect(claimsOf(accessToken)).toMatchObject({ sub: CLIENT_ID });
  });

  it.each<[string, MintRequest, Partial<Client>, string, string]>([
    [
      "a client whose grants do not name it",
      {},
      { grants: new Set(["arbitrary_identity"]) },
      "unauthorized_client",
      "The grant_type client_credentials is not allowed for this client.",
    ],
    [
      "a refresh token",
      { scopes: ["a", "offline_access"] },
      {},
      "invalid_scope",
      "The scope 'offline_access' is not allowed for the grant_type client_credentials: it gives no refresh token.",
    ],
    [
      "an id_token",
      { scopes: ["a", "openid"] },
      {},
      "invalid_scope",
      "The scope 'openid' is not allowed for the grant_type client_credentials: it gives no id_token.",
    ],
    [
      "a scope that the client may not have",
      { scopes: ["b"] },
      { scopes: new Set(["a"]) },
      "invalid_scope",
      "The scope 'b' is not allowed for this client.",
    ],
    [
      "a subject and claims",
      { subject: "alice", arbitraryClaims: {} },
      {},
      "invalid_request",
      "subject is not a parameter of client_credentials. | arbitrary_claims is not a parameter of client_credentials.",
    ],
  ])("refuses %s", async (_, request, client, code, message) => {
    expect(await refusalOf(mint(request, client))).toEqual({ code, message });
  });

  it("refuses a client that presents no secret, though it need not for other grants", async () => {
    const anybody = { clientId: CLIENT_ID };
    expect(await refusalOf(mint({}, { requireSecret: false }, anybody))).toEqual({
      code: "invalid_client",
      message: "A client needs its secret to use the grant_type client_credentials.",
    });
  });
});
