import { type Instant, toSeconds } from "../../base/clock.ts";
import type { Client } from "../../registry/tenant.ts";
import type { Because } from "../../telemetry/events.ts";
import { looksLikeRefreshToken } from "../../token/refresh-token.ts";
import { type AuthenticatedClient, requireProof } from "../clients/authenticate.ts";
import type { RequestContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { Introspection, IntrospectRequest } from "../request.ts";
import { isAlive, maySee, readAccessToken } from "../tokens/access-token.ts";
import { readGrantRecord } from "../tokens/grant-record.ts";
import { tokenTypeOf } from "../tokens/issue.ts";
import { expiryOf, findRefreshToken, isFamilyAlive } from "../tokens/refresh-token.ts";
import type { Done } from "./operation.ts";

/**
 * The whole answer about a token that is not active, is not a token, or is none of the caller's business (RFC 7662
 * section 2.2).
 */
const INACTIVE: Introspection = { active: false };

/**
 * Says whether a token is active, and what it contains (RFC 7662). A token's shape reveals its type, so the hint is not
 * needed.
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
 * The claims of an access token, as it was minted. Checks whether the caller may see the token before checking whether
 * it is active, so that nobody makes the store work for tokens that are none of their business.
 */
async function introspectAccessToken(
  context: RequestContext,
  caller: Client,
  text: string,
  now: Instant,
): Promise<Introspection> {
  const token = await readAccessToken(context, text, now);
  if (token === undefined) return INACTIVE;
  if (!maySee(caller, token)) return inactive(context, "not this client's business");
  if (!(await isAlive(context, token, now))) return INACTIVE;
  // RFC 7662 section 2.2 has a string, but in the profile `legacy` it is an array.
  const { scope, client_id: _, ...claims } = token.claims;
  return {
    ...claims,
    ...(scope !== undefined && { scope: Array.isArray(scope) ? scope.join(" ") : scope }),
    active: true,
    token_type: tokenTypeOf(token.claims.cnf),
    client_id: token.clientId,
  };
}

function inactive(context: RequestContext, because: Because): Introspection {
  context.note({ because });
  return INACTIVE;
}

/** A refresh token is its own client's business alone, whatever else another client may see. */
async function introspectRefreshToken(
  context: RequestContext,
  caller: Client,
  text: string,
  now: Instant,
): Promise<Introspection> {
  const found = await findRefreshToken(context, text);
  if (found === undefined) return INACTIVE;
  const { family, token, subject } = found;
  if (family.client !== caller.id) return inactive(context, "not this client's business");
  // A refresh token that was exchanged is inactive, even if a retry within the grace would still succeed.
  if (family.generation > token.generation) return inactive(context, "exchanged for its successor");
  if (!(await isFamilyAlive(context, found, now))) return INACTIVE;
  const granted = readGrantRecord(family.decision);
  return {
    iss: granted.issuer,
    ...(subject !== undefined && { sub: subject }),
    iat: toSeconds(family.mintedAt),
    exp: toSeconds(expiryOf(context, family)),
    scope: granted.scopes.join(" "),
    active: true,
    // Not `Bearer`: a resource server must not take a refresh token for an access token.
    token_type: "refresh_token",
    client_id: family.client,
  };
}
