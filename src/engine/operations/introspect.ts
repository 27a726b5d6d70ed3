import { type Instant, toSeconds } from "../../base/clock.ts";
import type { Client } from "../../registry/tenant.ts";
import { looksLikeRefreshToken } from "../../token/refresh-token.ts";
import { type AuthenticatedClient, requireProof } from "../clients/authenticate.ts";
import type { RequestContext, TenantContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { Done } from "../operation.ts";
import type { Introspection, IntrospectRequest } from "../request.ts";
import { type AccessToken, isAlive, readAccessToken } from "../tokens/access-token.ts";
import { readGrantRecord } from "../tokens/grant-record.ts";
import { TOKEN_TYPE } from "../tokens/issue.ts";
import { expiryOf, findRefreshToken, isFamilyAlive } from "../tokens/refresh-token.ts";

/** All that is said of a token that is not alive, is none, or is none of the caller's business (RFC 7662 section 2.2). */
const INACTIVE: Introspection = { active: false };

/**
 * Tells whether a token is alive, and what it says (RFC 7662). What a text is, its shape tells: the hint is not needed.
 *
 * Throws OAuthError `invalid_client` if the caller did not prove a secret.
 */
export async function introspect(
  context: RequestContext,
  client: AuthenticatedClient,
  request: IntrospectRequest,
): Promise<Done<Introspection>> {
  requireProof(client, "introspect a token");
  if (request.token === undefined) throw new OAuthError("invalid_request", "token is required.");
  const tell = looksLikeRefreshToken(request.token) ? introspectRefreshToken : introspectAccessToken;
  const answer = await tell(context, client.client, request.token, context.reading.now);
  return { answer, event: { event: "introspected", active: answer.active } };
}

/**
 * What an access token says, as it was minted. Whether the caller may see it is asked before whether it is alive, so that
 * the store is asked nothing for a token that is none of its business.
 */
async function introspectAccessToken(
  context: TenantContext,
  caller: Client,
  text: string,
  now: Instant,
): Promise<Introspection> {
  const token = await readAccessToken(context, text, now);
  if (token === undefined || !maySee(caller, token) || !(await isAlive(context, token, now))) return INACTIVE;
  const { scope, client_id: _, ...claims } = token.claims;
  return {
    ...claims,
    ...(Array.isArray(scope) && { scope: scope.join(" ") }),
    active: true,
    token_type: TOKEN_TYPE,
    client_id: token.clientId,
  };
}

/** A client sees its own tokens, those whose `aud` names it, and what its configuration adds (RFC 7662 section 4). */
function maySee(caller: Client, token: AccessToken): boolean {
  if (caller.introspection === "tenant" || token.clientId === caller.id) return true;
  const names = caller.introspection === "own" ? [caller.id] : [caller.id, ...caller.introspection];
  const { aud } = token.claims;
  return Array.isArray(aud) && names.some((name) => aud.includes(name));
}

/** A refresh token is its own client's business alone, whatever else that client may see. */
async function introspectRefreshToken(
  context: TenantContext,
  caller: Client,
  text: string,
  now: Instant,
): Promise<Introspection> {
  const found = await findRefreshToken(context, text);
  if (found === undefined || found.family.client !== caller.id) return INACTIVE;
  const { family, token } = found;
  if (family.generation > token.generation || !(await isFamilyAlive(context, found, now))) return INACTIVE;
  const granted = readGrantRecord(family.decision);
  return {
    iss: granted.issuer,
    ...(family.subject !== undefined && { sub: family.subject }),
    iat: toSeconds(family.mintedAt),
    exp: toSeconds(expiryOf(context, family)),
    scope: granted.scopes.join(" "),
    active: true,
    // No resource server that looks for Bearer takes it for an access token.
    token_type: "refresh_token",
    client_id: family.client,
  };
}
