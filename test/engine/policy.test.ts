import { describe, expect, it } from "vitest";
import type { MintRequest } from "../../src/engine/request.ts";
import type { Client } from "../../src/registry/tenant.ts";
import { testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };

async function mint(client: Partial<Client>, request: MintRequest) {
  const context = await testContext(testTenant({}, [testClient(client)]));
  return context.engine.mint(credentials, {
    grantType: "arbitrary_identity",
    subject: "user-1",
    scopes: ["aggregator_service.read_only"],
    ...request,
  });
}

describe("a client's policy", () => {
  it("holds it to the subjects that it is allowed", async () => {
    await mint({ allowedSubjects: ["user-*"] }, {});
    expect(await refusalOf(mint({ allowedSubjects: ["user-*"] }, { subject: "admin" }))).toEqual({
      code: "invalid_request",
      message: "The subject is not allowed for this client.",
    });
    expect(await refusalOf(mint({ allowedSubjects: [] }, {}))).toMatchObject({ code: "invalid_request" });
  });

  it("lets it set acr if it is allowed that by name", async () => {
    const request = { arbitraryClaims: { acr: "silver" } };
    expect(await refusalOf(mint({}, request))).toEqual({
      code: "invalid_request",
      message: "The arbitrary claim: 'acr' is not allowed.",
    });
    const { accessToken } = await mint({ allowedClaims: new Set(["acr"]) }, request);
    expect(claimsOf(accessToken)).toMatchObject({ acr: "silver" });
  });

  it("holds it to the audiences that it is allowed, whether scopes or the caller name them", async () => {
    const allowedAudiences = ["aggregator_*", "cat"];
    await mint({ allowedAudiences }, { arbitraryAudiences: ["cat"] });
    expect(await refusalOf(mint({ allowedAudiences }, { arbitraryAudiences: ["dog"] }))).toEqual({
      code: "invalid_request",
      message: "The audience 'dog' is not allowed for this client.",
    });
    expect(await refusalOf(mint({ allowedAudiences }, { scopes: ["nitro"] }))).toMatchObject({
      code: "invalid_request",
    });
  });

  it("holds it to the scopes that it is allowed, those of identity too", async () => {
    const scopes = new Set(["a"]);
    await mint({ scopes }, { scopes: ["a"] });
    expect(await refusalOf(mint({ scopes }, { scopes: ["a", "openid"] }))).toEqual({
      code: "invalid_scope",
      message: "The scope 'openid' is not allowed for this client.",
    });
  });

  it("leaves the tenant's own resources to every client", async () => {
    const { accessToken } = await mint(
      { allowedAudiences: [], accessTokenType: "reference" },
      { scopes: ["offline_access"] },
    );
    expect(accessToken).toBeDefined();
  });
});
