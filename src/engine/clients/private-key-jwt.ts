import { AuthorityUnavailableError } from "../../authorities/port.ts";
import type { Client, PublicKeys, Tenant } from "../../registry/tenant.ts";
import type { AssertionFlaw } from "../../telemetry/events.ts";
import type { SignedJwt } from "../../token/signed-jwt.ts";
import { OAuthError } from "../errors.ts";
import { useOnce } from "../first-use.ts";
import type { Caller } from "../request.ts";
import { ASSERTION_TYPES, assertionIn, presentationOf, readAssertion, unreadable } from "./assertion.ts";
import { acceptedUntil, flawOfTimes, isFor } from "./assertion-claims.ts";
import type { ClientAuthenticationMethod, MethodContext } from "./method.ts";

const METHOD = "private_key_jwt";

/** draft-ietf-oauth-rfc7523bis has a type of its own; clients of before send `JWT`, or none. */
const TYPES = new Set(["jwt", "client-authentication+jwt"]);

/**
 * A JWT that the client signs with its own key, once for each request (RFC 7523 section 2.2, OpenID Connect Core section
 * 9, draft-ietf-oauth-rfc7523bis).
 */
export const privateKeyJwt: ClientAuthenticationMethod = {
  names: [METHOD],
  isSigned: true,
  mayUse: ({ keys }) => keys !== undefined,

  read(caller, context) {
    const assertion = assertionIn(caller, ASSERTION_TYPES.jwtBearer);
    if (assertion === undefined) return undefined;
    const jwt = readAssertion(assertion, TYPES);
    if (typeof jwt === "string") return unreadable(METHOD, jwt, caller, context);
    const { sub } = jwt.claims;
    if (typeof sub !== "string") return unreadable(METHOD, "malformed", caller, context);
    const check = (client: Client) => flawOf(jwt, client, caller, context);
    return presentationOf({ method: METHOD, clientId: sub, check }, context);
  },
};

/** Checks what costs nothing first, then the signature; and only what is signed is marked as used. */
async function flawOf(
  jwt: SignedJwt,
  client: Client,
  caller: Caller,
  context: MethodContext,
): Promise<AssertionFlaw | undefined> {
  const { claims } = jwt;
  const { keys } = client;
  if (keys === undefined) return "client has no keys";
  if (claims.iss !== client.id) return "another issuer";
  if (caller.clientId !== undefined && caller.clientId !== client.id) return "names another client";
  if (!isFor(claims, audiencesOf(client, context.tenant))) return "another audience";
  const flaw = flawOfTimes(claims, context.clock.now());
  if (flaw !== undefined) return flaw;
  if (typeof claims.jti !== "string" || claims.jti === "") return "no jti";
  const signedness = await signednessOf(jwt, keys, context);
  if (signedness !== "signed") return signedness;
  const name = ["client_assertion", client.id, claims.jti];
  return useOnce(context, { name, acceptedUntil: acceptedUntil(claims) });
}

function audiencesOf({ legacyAudience }: Client, { issuer, tokenEndpoint }: Tenant): readonly string[] {
  return legacyAudience ? [issuer, tokenEndpoint] : [issuer];
}

async function signednessOf(jwt: SignedJwt, keys: PublicKeys, { authorities }: MethodContext) {
  try {
    return await authorities.checkSignature(jwt, keys);
  } catch (cause) {
    if (!(cause instanceof AuthorityUnavailableError)) throw cause;
    throw new OAuthError("temporarily_unavailable", "The client's keys are unavailable. Try again.", { cause });
  }
}
