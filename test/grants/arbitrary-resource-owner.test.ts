import { beforeEach, describe, expect, it } from "vitest";
import { FOREVER, toSeconds } from "../../src/base/clock.ts";
import { InvalidValue, type MintRequest } from "../../src/engine/request.ts";
import { parseJti } from "../../src/token/jti.ts";
import { revocationIds } from "../../src/token/revocation.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const valid: MintRequest = { grantType: "arbitrary_resource_owner", subject: "someone", arbitraryClaims: {} };

let context: TestContext;
beforeEach(async () => {
  context = await testContext(testTenant({}, [testClient({ namespace: "group" })]));
});

const mint = (request: MintRequest) => context.engine.mint(credentials, { ...valid, ...request });

/** What comes of showing a token in place of a subject. */
const shown = (accessToken: string | undefined) => mint({ subject: undefined, accessToken });

describe("arbitrary_resource_owner", () => {
  it("mints for a subject that was authenticated here and now", async () => {
    const now = toSeconds(context.clock.now());
    const tokens = await mint({ arbitraryAmrs: ["pin"], scopes: ["nitro"] });
    expect(claimsOf(tokens.accessToken)).toMatchObject({
      sub: "someone",
      auth_time: now,
      idp: "local",
      amr: ["arbitrary_resource_owner", "pin"],
      scope: ["nitro"],
      aud: ["https://mint.example/resources", "nitro"],
    });
  });

  it.each(["jwt", "reference"])(
    "takes the subject, and nothing else, of a %s access token, though a subject is named",
    async (accessTokenType) => {
      const first = await mint({
        accessTokenType,
        subject: "first",
        scopes: ["offline_access"],
        arbitraryClaims: { role: "x" },
      });
      const tokens = await mint({ subject: "second", accessToken: first.accessToken });
      expect(claimsOf(tokens.accessToken)).toMatchObject({ sub: "first" });
      expect(claimsOf(tokens.accessToken)).not.toHaveProperty("role");
    },
  );

  it.each<[MintRequest, string]>([
    [
      { subject: undefined, arbitraryClaims: new InvalidValue() },
      "subject is required. | arbitrary_claims is not valid JSON.",
    ],
    [{ arbitraryClaims: undefined }, "arbitrary_claims is required."],
    [{ arbitraryClaims: { sub: "x" } }, "The arbitrary claim: 'sub' is not allowed."],
  ])("refuses %j", async (request, message) => {
    expect(await refusalOf(mint(request))).toEqual({ code: "invalid_request", message });
  });

  describe("refuses as invalid_grant", () => {
    const REFUSED = { code: "invalid_grant", message: "access_token is not a live access token of this issuer." };

    it("any other text", async () => {
      for (const text of ["x", "a.b.c", "A".repeat(43)]) expect(await refusalOf(shown(text))).toEqual(REFUSED);
    });

    it("an id_token and a refresh token", async () => {
      const tokens = await mint({
        grantType: "arbitrary_identity",
        scopes: ["offline_access"],
        arbitraryClaims: undefined,
      });
      expect(await refusalOf(shown(tokens.idToken))).toEqual(REFUSED);
      expect(await refusalOf(shown(tokens.refreshToken))).toEqual(REFUSED);
    });

    it.each(["jwt", "reference"])("an expired %s", async (accessTokenType) => {
      const { accessToken } = await mint({ accessTokenType, accessTokenLifetime: 60 });
      context.clock.advance(59_000);
      await shown(accessToken);
      context.clock.advance(1_000);
      expect(await refusalOf(shown(accessToken))).toEqual(REFUSED);
    });

    it("a token under another issuer's name, though this mint made it", async () => {
      const foreign = await context.engine.mint(credentials, {
        grantType: "arbitrary_token",
        subject: "someone",
        issuer: "https://accounts.google.com",
      });
      expect(await refusalOf(shown(foreign.accessToken))).toEqual(REFUSED);
    });

    it("a token of another tenant", async () => {
      const other = await testContext(testTenant({ id: "other" }));
      const { accessToken } = await other.engine.mint(credentials, valid);
      expect(await refusalOf(shown(accessToken))).toEqual(REFUSED);
    });

    it("a token without a subject", async () => {
      const { accessToken } = await mint({ grantType: "arbitrary_no_subject", subject: undefined });
      expect(await refusalOf(shown(accessToken))).toEqual({
        code: "invalid_grant",
        message: "access_token has no subject.",
      });
    });

    it("a token whose family is revoked, or gone", async () => {
      const { accessToken } = await mint({ scopes: ["offline_access"] });
      const family = parseJti(String(claimsOf(accessToken).jti))?.family ?? "";
      await context.store.families.revoke(family, context.clock.now());
      expect(await refusalOf(shown(accessToken))).toEqual(REFUSED);
      await context.wholeStore.sweep(FOREVER, 10);
      expect(await refusalOf(shown(accessToken))).toEqual(REFUSED);
    });

    it("a token that a revocation covers, and not one that is younger", async () => {
      const { accessToken } = await mint({});
      const revoked = async (id: string, notAfter: number) =>
        context.store.revocations.raise({ id, notAfter, expiresAt: FOREVER });
      const now = context.clock.now();
      await revoked(revocationIds.subjectOfClient("someone", CLIENT_ID), now - 1);
      await revoked(revocationIds.subjectOfNamespace("someone", "group"), now - 1);
      await revoked(revocationIds.subjectOfClient("someone else", CLIENT_ID), now);
      await shown(accessToken);
      await revoked(revocationIds.subjectOfNamespace("someone", "group"), now);
      expect(await refusalOf(shown(accessToken))).toEqual(REFUSED);
      context.clock.advance(1);
      const younger = await mint({});
      await shown(younger.accessToken);
      await revoked(revocationIds.jti(String(claimsOf(younger.accessToken).jti)), FOREVER);
      expect(await refusalOf(shown(younger.accessToken))).toEqual(REFUSED);
      const last = await mint({});
      await revoked(revocationIds.kid(context.keyring.signer(now).kid), FOREVER);
      expect(await refusalOf(shown(last.accessToken))).toEqual(REFUSED);
    });
  });
});
