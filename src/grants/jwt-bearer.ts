import { acceptedUntil, flawOfTimes, isFor, type TimeFlaw } from "../engine/assertion-claims.ts";
import { OAuthError } from "../engine/errors.ts";
import type { Single } from "../engine/first-use.ts";
import type { GrantContext, GrantHandler } from "../engine/grant.ts";
import type { MintParameter } from "../engine/request.ts";
import type { Authority, Tenant } from "../registry/tenant.ts";
import { type JwtFlaw, readSignedJwt, type SignedJwt } from "../token/signed-jwt.ts";
import { isSubjectText } from "../token/subject.ts";
import * as claims from "./claims.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** The longest assertion, in characters, and what its `typ` may be: draft-ietf-oauth-rfc7523bis has one of its own. */
const ASSERTION = { maxLength: 16 * 1024, types: new Set(["jwt", "authorization-grant+jwt"]) };

/** How far ahead an assertion may expire, in milliseconds: as long as its `jti` is kept. */
const MAX_LIFETIME = 3_600_000;

/**
 * jwt-bearer (RFC 7521 section 4.1, RFC 7523 section 2.1): an access token for the subject of a JWT that one of the tenant's
 * authorities made for this mint. Nothing of the JWT but its subject is used.
 */
export const jwtBearer: GrantHandler = {
  grantType: GRANT_TYPE,
  parameters: new Set<MintParameter>([
    "assertion",
    "authority",
    "scopes",
    "resources",
    "accessTokenLifetime",
    "accessTokenType",
    "confirmation",
  ]),
  clientProof: "optional",
  // RFC 7521 section 4.1: another assertion takes a refresh token's place.
  refreshable: false,
  accessTokenTypes: ["jwt", "reference"],

  async decide(request, context) {
    const { client, problems } = context;
    const assertion = claims.required(request.assertion, "assertion", problems);
    problems.refuse();
    const jwt = readAssertion(assertion);
    const authority = findAuthority(jwt, request.authority, client.tenant);
    checkClaims(jwt, context);
    const subject = subjectOf(jwt, authority, client.tenant);
    const single = singleOf(jwt, authority);
    await checkSignature(jwt, authority, context);
    const scopes = claims.sortedScopes(request.scopes);
    return {
      ...claims.localSubject(this.grantType, subject, authority.amr, context),
      listsOfflineAccess: false,
      scopes,
      audience: claims.audienceOf(client.tenant, scopes, []),
      claims: {},
      issuesIdToken: false,
      single,
    };
  },
};

const UNREADABLE: Readonly<Record<JwtFlaw, string>> = {
  "too long": "is too long.",
  malformed: "is malformed.",
  "algorithm not accepted": "has an algorithm that is not accepted.",
  "critical extensions": "has unsupported critical extensions.",
  "another kind of token": "is another kind of token.",
};

const WRONG_TIMES: Readonly<Record<TimeFlaw, string>> = {
  "no exp": "has no exp.",
  expired: "has expired.",
  "lives too long": "expires more than an hour ahead.",
  "not valid yet": "is not valid yet.",
};

function readAssertion(text: string): SignedJwt {
  const jwt = readSignedJwt(text, ASSERTION);
  if (typeof jwt === "string") throw refused(UNREADABLE[jwt]);
  return jwt;
}

/** The authority that made it, by `iss`. If several have that issuer, the request says which is meant. */
function findAuthority({ claims: { iss } }: SignedJwt, named: string | undefined, { authorities }: Tenant): Authority {
  const [only, second] = authorities
    .entries()
    .filter(([name, { issuer, assertions = "none" }]) => {
      return issuer === iss && assertions !== "none" && (named === undefined || named === name);
    })
    .map(([, authority]) => authority);
  if (only === undefined) throw refused("was not issued by an authority whose assertions are accepted.");
  if (second !== undefined) throw refused("is of an issuer of several authorities: authority must name one.");
  return only;
}

/** RFC 7523 section 3. `aud` must be the issuer and nothing else (draft-ietf-oauth-rfc7523bis). */
function checkClaims({ claims: said }: SignedJwt, { client: { tenant }, now }: GrantContext): void {
  if (said.client_id !== undefined) throw refused("has the claim 'client_id', which only access tokens have.");
  if (!isFor(said, [tenant.issuer])) throw refused("is for another audience than the issuer alone.");
  const flaw = flawOfTimes(said, now, MAX_LIFETIME);
  if (flaw !== undefined) throw refused(WRONG_TIMES[flaw]);
}

/** The authority's prefix and `sub`, as in arbitrary_oidc_resource_owner. */
function subjectOf({ claims: { sub } }: SignedJwt, { subjectPrefix }: Authority, { limits }: Tenant): string {
  if (typeof sub !== "string" || sub === "") throw refused("has no subject.");
  if (!isSubjectText(sub)) throw refused("has a subject with control characters or that is not well-formed Unicode.");
  const subject = subjectPrefix + sub;
  if (subject.length <= limits.subjectLength) return subject;
  throw refused(
    `has a subject that is too long: at most ${limits.subjectLength} characters with the authority's prefix.`,
  );
}

/** What is used up by it; undefined if it may be used again. */
function singleOf({ claims: said }: SignedJwt, { issuer, assertions }: Authority): Single | undefined {
  const { jti } = said;
  if (jti === undefined && assertions === "reusable") return undefined;
  if (typeof jti !== "string" || jti === "") throw refused("has no jti.");
  return { name: ["assertion", issuer, jti], acceptedUntil: acceptedUntil(said) };
}

async function checkSignature(
  jwt: SignedJwt,
  { issuer, allowPrivateNetwork }: Authority,
  { authorities }: GrantContext,
): Promise<void> {
  const signedness = await authorities.checkSignature(jwt, { issuer, allowPrivateNetwork });
  if (signedness === "key unknown") throw refused("is not signed with a key of the authority.");
  if (signedness === "signature wrong") throw refused("has a signature that does not verify.");
}

function refused(why: string): OAuthError {
  return new OAuthError("invalid_grant", `The assertion ${why}`);
}
