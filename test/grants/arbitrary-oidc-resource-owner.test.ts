import { beforeAll, describe, expect, it } from "vitest";
import { type Authorities, AuthorityUnavailableError, IdTokenError } from "../../src/authorities/port.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import { noAuthorities, type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const valid: MintRequest = {
  grantType: "arbitrary_oidc_resource_owner",
  authority: "wellknown://google",
  idToken: "good",
  arbitraryClaims: { In: "Flames" },
};

const LONGEST = "x".repeat(255 - "myCompany.".length);

/** Takes the id_token "good", and those with long subjects, refuses "bad", and is away for any other. */
const authorities: Authorities = {
  ...noAuthorities,
  async verify(_issuer, idToken) {
    if (idToken === "good") return { sub: "1047" };
    if (idToken === "longest") return { sub: LONGEST };
    if (idToken === "too long") return { sub: `${LONGEST}x` };
    if (idToken === "bad") throw new IdTokenError("The id_token has expired.");
    throw new AuthorityUnavailableError("It is away.");
  },
};

let context: TestContext;
beforeAll(async () => {
  const authority = {
    issuer: "https://accounts.google.com",
    audiences: ["us"],
    subjectPrefix: "myCompany.",
    amr: ["pwd"],
  };
  const tenant = testTenant({ authorities: new Map([["wellknown://google", authority]]) });
  context = await testContext(tenant, createMemoryStore(), authorities);
});

const mint = (request: MintRequest) => context.engine.mint(credentials, { ...valid, ...request });

describe("arbitrary_oidc_resource_owner", () => {
  it("mints for the subject of the id_token, with the authority's prefix and amr", async () => {
    expect(claimsOf((await mint({ arbitraryAmrs: ["otp"] })).accessToken)).toMatchObject({
      iss: "https://mint.example",
      sub: "myCompany.1047",
      idp: "local",
      amr: ["arbitrary_oidc_resource_owner", "pwd", "otp"],
      In: "Flames",
    });
  });

  it.each<[MintRequest, string]>([
    [
      { authority: undefined, idToken: undefined, arbitraryClaims: undefined },
      "authority is required. | id_token is required. | arbitrary_claims is required.",
    ],
    [{ authority: "wellknown://nobody" }, "authority must be one of wellknown://google."],
    [{ authority: "constructor" }, "authority must be one of wellknown://google."],
    [{ subject: "me" }, "subject is not a parameter of arbitrary_oidc_resource_owner."],
  ])("refuses %j", async (request, message) => {
    const refusal = await refusalOf(mint(request));
    expect(refusal.code).toBe("invalid_request");
    for (const part of message.split(" | ")) expect(refusal.message).toContain(part);
  });

  it("takes a subject that is as long as a caller's may be with the prefix, and none that is longer", async () => {
    expect(claimsOf((await mint({ idToken: "longest" })).accessToken).sub).toBe(`myCompany.${LONGEST}`);
    expect(await refusalOf(mint({ idToken: "too long" }))).toEqual({
      code: "invalid_grant",
      message: "The id_token's subject is too long: at most 255 characters with the authority's prefix.",
    });
  });

  it("says why an id_token is not accepted", async () => {
    expect(await refusalOf(mint({ idToken: "bad" }))).toEqual({
      code: "invalid_grant",
      message: "The id_token has expired.",
    });
  });

  it("asks the caller to try again if the authority is unavailable", async () => {
    expect(await refusalOf(mint({ idToken: "unknowable" }))).toMatchObject({ code: "temporarily_unavailable" });
  });
});
