import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { toSeconds } from "../../../src/base/clock.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };

let context: TestContext;
beforeEach(async () => {
  const open = testClient({ id: "open", requireSecret: false, secrets: [] });
  context = await testContext(testTenant({}, [testClient(), testClient({ id: "cat" }), open]));
});

const mint = () =>
  context.engine.mint(credentials, {
    grantType: "arbitrary_identity",
    subject: "someone",
    scopes: ["a", "offline_access"],
  });

describe("a signed introspection", () => {
  it("says what the plain one says, to the client that asked", async () => {
    const { accessToken, refreshToken } = await mint();
    for (const token of [accessToken, refreshToken, "none"]) {
      const plain = await context.engine.introspect(credentials, { token });
      const { introspection, jwt } = await context.engine.introspectSigned(credentials, { token });
      expect(introspection).toEqual(plain);
      const keys = createLocalJWKSet((await context.engine.jwks()) as unknown as JSONWebKeySet);
      const { payload, protectedHeader } = await jwtVerify(jwt, keys);
      expect(protectedHeader).toEqual({ alg: "ES256", kid: expect.any(String), typ: "token-introspection+jwt" });
      expect(payload).toEqual({
        iss: "https://mint.example",
        aud: CLIENT_ID,
        iat: toSeconds(context.clock.now()),
        token_introspection: plain,
      });
    }
  });

  it("tells a stranger nothing but that", async () => {
    const { accessToken } = await mint();
    const stranger = { clientId: "cat", clientSecret: SECRET };
    expect((await context.engine.introspectSigned(stranger, { token: accessToken })).introspection).toEqual({
      active: false,
    });
  });

  it("is a token for nothing", async () => {
    const { accessToken } = await mint();
    const { jwt } = await context.engine.introspectSigned(credentials, { token: accessToken });
    expect(await context.engine.introspect(credentials, { token: jwt })).toEqual({ active: false });
    await context.engine.revoke(credentials, { token: jwt });
    expect(await context.engine.introspect(credentials, { token: accessToken })).toMatchObject({ active: true });
    const request = { grantType: "arbitrary_resource_owner", accessToken: jwt, arbitraryClaims: {} };
    expect(await refusalOf(context.engine.mint(credentials, request))).toMatchObject({ code: "invalid_grant" });
  });

  it("is for clients that prove who they are", async () => {
    expect(await refusalOf(context.engine.introspectSigned({ clientId: "open" }, { token: "x" }))).toMatchObject({
      code: "invalid_client",
    });
  });
});
