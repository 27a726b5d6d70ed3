import { IdTokenError } from "../authorities/port.ts";
import { OAuthError } from "../engine/errors.ts";
import type { GrantContext, GrantHandler } from "../engine/grant.ts";
import type { Problems } from "../engine/problems.ts";
import type { MintParameter } from "../engine/request.ts";
import type { Authority, Tenant } from "../registry/tenant.ts";
import * as claims from "./claims.ts";

/** `arbitrary_oidc_resource_owner`: an access token for the subject of a trusted authority's id_token. */
export const arbitraryOidcResourceOwner: GrantHandler = {
  grantType: "arbitrary_oidc_resource_owner",
  parameters: new Set<MintParameter>([
    ...claims.COMMON_PARAMETERS,
    "authority",
    "idToken",
    "scopes",
    "resources",
    "arbitraryAmrs",
    "arbitraryAudiences",
  ]),
  clientProof: "optional",
  refreshable: true,
  accessTokenTypes: ["jwt", "reference"],

  async decide(request, context) {
    const { client, problems } = context;
    const idToken = claims.required(request.idToken, "id_token", problems);
    const authority = findAuthority(request.authority, client.tenant, problems);
    claims.requirePresence(request.arbitraryClaims, "arbitrary_claims", problems);
    const read = claims.readShared(request, context);
    problems.refuse();

    const subject = await subjectOf(idToken, authority, context);
    const scopes = claims.sortedScopes(request.scopes);
    return {
      ...claims.localSubject(this.grantType, subject, [...authority.amr, ...read.amrs], context),
      scopes,
      audience: claims.audienceOf(client.tenant, scopes, read.audiences),
      claims: read.claims,
      issuesIdToken: false,
    };
  },
};

/** The authority with that name. If there is none, notes a problem and returns an empty one. */
function findAuthority(given: string | undefined, { authorities }: Tenant, problems: Problems): Authority {
  const name = claims.required(given, "authority", problems);
  const authority = authorities.get(name);
  if (authority !== undefined) return authority;
  const known = [...authorities.keys()];
  if (name !== "")
    problems.add(`authority must be ${known.length > 0 ? `one of ${known.join(", ")}` : "configured, and none is"}.`);
  return { issuer: "", audiences: [], subjectPrefix: "", amr: [] };
}

/**
 * The authority's prefix and the id_token's `sub`. Together they may be no longer than a subject that a caller gives.
 */
async function subjectOf(idToken: string, authority: Authority, context: GrantContext): Promise<string> {
  const subject = authority.subjectPrefix + (await verifiedSub(idToken, authority, context));
  const { subjectLength } = context.client.tenant.limits;
  if (subject.length <= subjectLength) return subject;
  throw new OAuthError(
    "invalid_grant",
    `The id_token's subject is too long: at most ${subjectLength} characters with the authority's prefix.`,
  );
}

async function verifiedSub(idToken: string, authority: Authority, context: GrantContext): Promise<string> {
  try {
    return String((await context.authorities.verify(authority, idToken, context.now)).sub);
  } catch (error) {
    if (error instanceof IdTokenError) throw new OAuthError("invalid_grant", error.message);
    throw error;
  }
}
