import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkClaims } from "../../src/authorities/claims.ts";
import { IdTokenError, type TrustedIssuer } from "../../src/authorities/port.ts";
import type { JsonObject } from "../../src/base/json.ts";

const ISSUER = { issuer: "https://login.example", audiences: ["ours", "ours too"] };
const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);
const SECONDS = NOW / 1000;
const CLAIMS = { iss: ISSUER.issuer, aud: "ours", sub: "someone", iat: SECONDS - 10, exp: SECONDS + 300 };

/** Why the claims are refused; undefined if they are not. */
function refusal(changes: object, now = NOW, trusted: TrustedIssuer = ISSUER): string | undefined {
  try {
    checkClaims(JSON.parse(JSON.stringify({ ...CLAIMS, ...changes })) as JsonObject, trusted, now);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(IdTokenError);
    return (error as IdTokenError).message;
  }
}

const OTHER_ISSUER = "The id_token was not issued by the authority.";
const OTHER_AUDIENCE = "The id_token is for another audience.";
const OTHER_PARTY = "The id_token is for another authorized party.";
const ACCESS_TOKEN = "The id_token has the claim 'client_id', which only access tokens have.";
const NO_PARTY = "The id_token has several audiences and no authorized party.";
const EXPIRED = "The id_token has expired.";
const NOT_YET = "The id_token is not valid yet.";
const MALFORMED = "The id_token is malformed.";
const BAD_SUBJECT = "The id_token's subject has control characters or is not well-formed Unicode.";
const NO_SUBJECT = "The id_token has no subject.";

describe("the issuer and the subject", () => {
  it.each([
    [{}, undefined],
    [{ iss: "https://login.example/" }, OTHER_ISSUER],
    [{ iss: "https://LOGIN.example" }, OTHER_ISSUER],
    [{ iss: ["https://login.example"] }, OTHER_ISSUER],
    [{ iss: undefined }, OTHER_ISSUER],
    [{ sub: undefined }, NO_SUBJECT],
    [{ sub: "" }, NO_SUBJECT],
    [{ sub: 5 }, NO_SUBJECT],
    [{ sub: "a\u0000" }, BAD_SUBJECT],
    [{ sub: "a\u007fb" }, BAD_SUBJECT],
    [{ sub: "a\u0085b" }, BAD_SUBJECT],
    [{ sub: "a\u009fb" }, BAD_SUBJECT],
    [{ sub: "a\ud800" }, BAD_SUBJECT],
    [{ sub: "caf\u00e9\u00a0\ud83d\ude00" }, undefined],
    [{ client_id: "anyone" }, ACCESS_TOKEN],
    [{ client_id: "ours" }, ACCESS_TOKEN],
    [{ client_id: null }, ACCESS_TOKEN],
  ])("%j", (changes, message) => {
    expect(refusal(changes)).toBe(message);
  });
});

describe("the audience", () => {
  it.each([
    [{ aud: "theirs" }, OTHER_AUDIENCE],
    [{ aud: undefined }, OTHER_AUDIENCE],
    [{ aud: [] }, OTHER_AUDIENCE],
    [{ aud: [["ours"]] }, OTHER_AUDIENCE],
    [{ aud: { ours: "ours" } }, OTHER_AUDIENCE],
    [{ aud: "OURS" }, OTHER_AUDIENCE],
    [{ aud: ["ours"] }, undefined],
    [{ aud: ["ours"], azp: "ours too" }, undefined],
    [{ aud: "ours", azp: "theirs" }, OTHER_PARTY],
    [{ aud: ["ours"], azp: "theirs" }, OTHER_PARTY],
    [{ aud: "ours", azp: null }, OTHER_PARTY],
    [{ aud: ["ours", "ours too"], azp: null }, OTHER_PARTY],
    [{ aud: ["ours", "ours too"], azp: ["ours"] }, OTHER_PARTY],
    [{ aud: ["theirs", "ours"] }, NO_PARTY],
    [{ aud: ["ours", "ours too"] }, NO_PARTY],
    [{ aud: ["theirs", "ours"], azp: "ours" }, undefined],
    [{ aud: ["theirs", "ours"], azp: "theirs" }, OTHER_PARTY],
    [{ aud: ["theirs", "theirs too"], azp: "ours" }, OTHER_AUDIENCE],
    [{ aud: ["ours", "ours"] }, undefined],
    [{ aud: ["theirs", "theirs"] }, OTHER_AUDIENCE],
    [{ aud: ["ours", "ours"], azp: "theirs" }, OTHER_PARTY],
    [{ aud: ["ours", ["ours"]] }, NO_PARTY],
  ])("%j", (changes, message) => {
    expect(refusal(changes)).toBe(message);
  });

  it.each([
    [{ azp: "app" }, undefined],
    [{ aud: ["theirs", "ours"], azp: "app" }, undefined],
    [{ azp: "ours" }, OTHER_PARTY],
    [{ azp: "theirs" }, OTHER_PARTY],
    [{ aud: ["theirs", "ours"] }, NO_PARTY],
    [{ aud: "app", azp: "app" }, OTHER_AUDIENCE],
    [{}, undefined],
  ])("may have been asked for by the authorized parties alone, where they are given: %j", (changes, message) => {
    expect(refusal(changes, NOW, { ...ISSUER, authorizedParties: ["app"] })).toBe(message);
  });

  it("is nobody's if none is configured", () => {
    expect(() => checkClaims(CLAIMS, { ...ISSUER, audiences: [] }, NOW)).toThrow(OTHER_AUDIENCE);
  });
});

describe("the times, with 60 s of skew", () => {
  it.each([
    [{ exp: SECONDS - 59 }, undefined],
    [{ exp: SECONDS - 60 }, EXPIRED],
    [{ exp: SECONDS - 59.5 }, undefined],
    [{ nbf: SECONDS + 60 }, undefined],
    [{ nbf: SECONDS + 61 }, NOT_YET],
    [{ iat: SECONDS + 60 }, undefined],
    [{ iat: SECONDS + 61 }, NOT_YET],
    [{ iat: SECONDS + 61, nbf: SECONDS }, NOT_YET],
    [{ exp: undefined }, MALFORMED],
    [{ iat: undefined }, MALFORMED],
    [{ exp: `${SECONDS + 300}` }, MALFORMED],
    [{ exp: null }, MALFORMED],
    [{ nbf: null }, MALFORMED],
    [{ iat: "now" }, MALFORMED],
  ])("%j", (changes, message) => {
    expect(refusal(changes)).toBe(message);
  });

  it("counts milliseconds", () => {
    expect(refusal({ exp: SECONDS }, NOW + 59_999)).toBeUndefined();
    expect(refusal({ exp: SECONDS }, NOW + 60_000)).toBe(EXPIRED);
    expect(refusal({ nbf: SECONDS }, NOW - 60_000)).toBeUndefined();
    expect(refusal({ nbf: SECONDS }, NOW - 60_001)).toBe(NOT_YET);
  });

  it("takes no number that is too large to be read", () => {
    expect(() => checkClaims({ ...CLAIMS, ...JSON.parse('{"exp":1e999}') }, ISSUER, NOW)).toThrow(MALFORMED);
  });
});

it("refuses any claims in fixed words, and takes none that lacks what is required", () => {
  const words = [OTHER_ISSUER, OTHER_AUDIENCE, OTHER_PARTY, NO_PARTY, EXPIRED, NOT_YET, MALFORMED, NO_SUBJECT];
  const changes = fc.record(
    { iss: fc.jsonValue(), aud: fc.jsonValue(), azp: fc.jsonValue(), exp: fc.jsonValue(), iat: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(changes, fc.constantFrom("iss", "aud", "exp", "iat", "sub"), (claims, missing) => {
      expect(words).toContain(refusal({ ...claims, [missing]: undefined }));
    }),
  );
});
