import type { GrantHandler } from "../engine/grant.ts";
import type { MintParameter } from "../engine/request.ts";
import * as claims from "./claims.ts";

/** `arbitrary_identity`: an id_token and an access token for a subject that the caller vouches for. */
export const arbitraryIdentity: GrantHandler = {
  grantType: "arbitrary_identity",
  parameters: new Set<MintParameter>([
    ...claims.COMMON_PARAMETERS,
    "subject",
    "scopes",
    "resources",
    "arbitraryAmrs",
    "arbitraryAudiences",
    "idTokenLifetime",
  ]),
  clientProof: "optional",
  refreshable: true,
  accessTokenTypes: ["jwt", "reference"],

  async decide(request, context) {
    const { problems } = context;
    const subject = claims.required(request.subject, "subject", problems);
    claims.requirePresence(request.scopes, "scope", problems);
    const read = claims.readShared(request, context);
    problems.refuse();

    const scopes = claims.sortedScopes(request.scopes);
    return {
      ...claims.localSubject(this.grantType, subject, read.amrs, context),
      scopes,
      audience: claims.audienceOf(context.client.tenant, scopes, read.audiences),
      claims: read.claims,
      issuesIdToken: true,
    };
  },
};
