import { OAuthError } from "../engine/errors.ts";
import type { GrantContext, GrantHandler } from "../engine/grant.ts";
import type { MintParameter, MintRequest } from "../engine/request.ts";
import * as claims from "./claims.ts";

/** `arbitrary_resource_owner`: an access token for a subject that the caller names, or whose access token it has. */
export const arbitraryResourceOwner: GrantHandler = {
  grantType: "arbitrary_resource_owner",
  parameters: new Set<MintParameter>([
    ...claims.COMMON_PARAMETERS,
    "subject",
    "accessToken",
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
    if (request.accessToken === undefined) claims.required(request.subject, "subject", problems);
    claims.requirePresence(request.arbitraryClaims, "arbitrary_claims", problems);
    const read = claims.readShared(request, context);
    problems.refuse();

    const subject = await subjectOf(request, context);
    const scopes = claims.sortedScopes(request.scopes);
    return {
      ...claims.localSubject(this.grantType, subject, read.amrs, context),
      scopes,
      audience: claims.audienceOf(client.tenant, scopes, read.audiences),
      claims: read.claims,
      issuesIdToken: false,
    };
  },
};

/** The subject of the access token if there is one, else the one that the caller names. */
async function subjectOf({ subject, accessToken }: MintRequest, context: GrantContext): Promise<string> {
  if (accessToken === undefined) return subject ?? "";
  const found = await context.liveAccessToken(accessToken);
  if (found === undefined || found.claims.iss !== context.client.tenant.issuer) {
    throw new OAuthError("invalid_grant", "access_token is not a live access token of this issuer.");
  }
  if (found.subject === undefined) throw new OAuthError("invalid_grant", "access_token has no subject.");
  return found.subject;
}
