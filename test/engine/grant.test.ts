import { beforeEach, describe, expect, it } from "vitest";
import type { Decision, GrantHandler } from "../../src/engine/grant.ts";
import type { TenantEngine } from "../../src/engine/port.ts";
import { testContext } from "../support/context.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const tenant = testTenant({}, [
  testClient({ grants: new Set(["made_up"]), claims: new Map() }),
  testClient({ id: "public", grants: new Set(["made_up"]), requireSecret: false, requireRefreshSecret: false }),
]);

const decision: Decision = {
  grantType: "made_up",
  issuer: tenant.issuer,
  scopes: [],
  listsOfflineAccess: true,
  audience: [],
  claims: {},
  issuesIdToken: false,
};

/** An engine whose one grant declares what it is told to. */
async function engineOf(declared: Partial<GrantHandler>, decided: Partial<Decision> = {}): Promise<TenantEngine> {
  const grant: GrantHandler = {
    grantType: "made_up",
    parameters: new Set(["accessTokenType"]),
    clientProof: "optional",
    refreshable: true,
    accessTokenTypes: ["jwt", "reference"],
    decide: async () => ({ ...decision, ...decided }),
    ...declared,
  };
  const { engine } = await testContext(tenant, undefined, undefined, undefined, { grants: [grant] });
  return engine;
}

const confidential = { clientId: CLIENT_ID, clientSecret: SECRET };
const open = { clientId: "public" };
const request = { grantType: "made_up" };

describe("what a grant declares is held to", () => {
  let strict: TenantEngine;
  beforeEach(async () => {
    strict = await engineOf({ clientProof: "required", accessTokenTypes: ["jwt"] });
  });

  it("a client's proof, where one is required", async () => {
    await strict.mint(confidential, request);
    expect(await refusalOf(strict.mint(open, request))).toEqual({
      code: "invalid_client",
      message: "A client needs its secret to use the grant_type made_up.",
    });
    await (await engineOf({})).mint(open, request);
  });

  it("the types of access token", async () => {
    expect(await refusalOf(strict.mint(confidential, { ...request, accessTokenType: "reference" }))).toEqual({
      code: "invalid_request",
      message: "access_token_type must be jwt.",
    });
  });

  it("that it cannot be refreshed: a decision of its own to the contrary is our failure", async () => {
    const scopes = ["offline_access"];
    const engine = await engineOf({ refreshable: false }, { scopes });
    expect(await refusalOf(engine.mint(confidential, request))).toMatchObject({ code: "server_error" });
    expect(await (await engineOf({}, { scopes })).mint(confidential, request)).toHaveProperty("refreshToken");
  });
});
