import { OAuthError } from "../engine/errors.ts";
import type { GrantHandler } from "../engine/grant.ts";
import type { MintParameter } from "../engine/request.ts";
import { CLIENT_CREDENTIALS } from "../registry/tenant.ts";
import { OPENID } from "../token/scope.ts";
import * as claims from "./claims.ts";

/**
 * `client_credentials` (RFC 6749 section 4.4): an access token for the client itself, with nothing in it that the caller
 * says but its scopes. Its `sub` is the client's id (RFC 9068 section 2.2).
 */
export const clientCredentials: GrantHandler = {
  grantType: CLIENT_CREDENTIALS,
  parameters: new Set<MintParameter>(["scopes", "resources", "accessTokenLifetime", "accessTokenType", "confirmation"]),
  // RFC 6749 section 4.4: only confidential clients may use it.
  clientProof: "required",
  // RFC 6749 section 4.4.3.
  refreshable: false,
  accessTokenTypes: ["jwt", "reference"],

  async decide(request, { client: { client, tenant }, problems }) {
    problems.refuse();
    const scopes = claims.sortedScopes(request.scopes ?? client.defaultScopes);
    refuseOpenId(scopes);
    return {
      grantType: this.grantType,
      issuer: tenant.issuer,
      subject: client.id,
      scopes,
      listsOfflineAccess: false,
      audience: claims.audienceOf(tenant, scopes, []),
      claims: {},
      issuesIdToken: false,
    };
  },
};

/** Leaving it out would be a token that says less than the caller thinks, and there is no user to tell of. */
function refuseOpenId(scopes: readonly string[]): void {
  if (!scopes.includes(OPENID)) return;
  throw new OAuthError(
    "invalid_scope",
    `The scope '${OPENID}' is not allowed for the grant_type ${CLIENT_CREDENTIALS}: it gives no id_token.`,
  );
}
