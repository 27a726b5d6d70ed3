import type { AuthenticatedClient } from "../clients/authenticate.ts";
import { authenticate } from "../clients/authenticate.ts";
import type { TenantContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { GrantHandler } from "../grant.ts";
import { checkParameters } from "../parameters.ts";
import { approve } from "../policy.ts";
import { Problems } from "../problems.ts";
import { type Caller, type MintRequest, REFRESH_GRANT_TYPE, type TokenSet } from "../request.ts";
import { findLiveAccessToken } from "../tokens/access-token.ts";
import { issue } from "../tokens/issue.ts";

/** Mints tokens by an extension grant (RFC 6749 section 4.5). Throws OAuthError and changes nothing where it refuses. */
export async function mint(context: TenantContext, caller: Caller, request: MintRequest): Promise<TokenSet> {
  const reading = await context.issuingClock.read();
  const { now } = reading;
  const problems = new Problems();
  const client = await authenticate(context.tenant, caller, context.secrets);
  const grant = findGrant(context.grants, request.grantType);
  checkMayUse(client, grant);
  checkParameters(request, grant, client.client, context.tenant.limits, problems);
  const decision = await grant.decide(request, {
    client,
    now,
    problems,
    authorities: context.authorities,
    liveAccessToken: (text) => findLiveAccessToken(context, text, now),
  });
  const approval = approve(decision, request, client);
  return issue(approval, client, reading, context);
}

function findGrant(grants: ReadonlyMap<string, GrantHandler>, grantType: string | undefined): GrantHandler {
  if (grantType === undefined) throw new OAuthError("invalid_request", "grant_type is missing!");
  const grant = grants.get(grantType);
  if (grant !== undefined) return grant;
  if (grantType === REFRESH_GRANT_TYPE) {
    throw new OAuthError("unsupported_grant_type", "The grant_type refresh_token is not for Mint: call Refresh.");
  }
  const known = [...grants.keys(), REFRESH_GRANT_TYPE].join(", ");
  throw new OAuthError("unsupported_grant_type", `grant_type must be one of ${known}.`);
}

function checkMayUse({ client }: AuthenticatedClient, grant: GrantHandler): void {
  if (!client.grants.has(grant.grantType)) {
    throw new OAuthError("unauthorized_client", `The grant_type ${grant.grantType} is not allowed to this client.`);
  }
}
