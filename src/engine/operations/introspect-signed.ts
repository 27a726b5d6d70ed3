import { toSeconds } from "../../base/clock.ts";
import type { AuthenticatedClient } from "../clients/authenticate.ts";
import type { RequestContext } from "../context.ts";
import type { IntrospectRequest, SignedIntrospection } from "../request.ts";
import { introspect } from "./introspect.ts";
import type { Done } from "./operation.ts";

/**
 * Introspects a token, and says the same in a JWT, which proves to others later what the mint said to this client (RFC
 * 9701 section 5). It has neither `sub` nor `exp` nor `client_id`, so that nobody takes it for an access token.
 *
 * Throws OAuthError as {@link introspect} does.
 */
export async function introspectSigned(
  context: RequestContext,
  client: AuthenticatedClient,
  request: IntrospectRequest,
): Promise<Done<SignedIntrospection>> {
  const { answer: introspection, event } = await introspect(context, client, request);
  const { now } = context.reading;
  const claims = {
    iss: context.tenant.issuer,
    aud: client.client.id,
    iat: toSeconds(now),
    token_introspection: introspection,
  };
  const jwt = await context.keyring.signer(now).sign(claims, "token-introspection+jwt");
  return { answer: { introspection, jwt }, event };
}
