import type { Client, Tenant } from "../../registry/tenant.ts";
import type { AssertionFlaw } from "../../telemetry/events.ts";
import type { SignedJwt } from "../../token/signed-jwt.ts";
import { acceptedUntil, flawOfTimes, isFor } from "../assertion-claims.ts";
import { useOnce } from "../first-use.ts";
import type { Caller } from "../request.ts";
import { ASSERTION_TYPES, assertionIn, presentationOf, readAssertion, unreadable } from "./assertion.ts";
import { signednessOf } from "./assertion-signature.ts";
import type { ClientAuthenticationMethod, MethodContext } from "./method.ts";
import { findIssuer, hasWorkload, workloadPresentation } from "./workload.ts";

const METHOD = "private_key_jwt";

/** How far ahead an assertion may expire, in milliseconds. */
const MAX_LIFETIME = 300_000;

/** draft-ietf-oauth-rfc7523bis has a type of its own; clients of before send `JWT`, or none. */
const TYPES = new Set(["jwt", "client-authentication+jwt"]);

/**
 * A JWT that the client signs with its own key, once for each request (RFC 7523 section 2.2, OpenID Connect Core section
 * 9, draft-ietf-oauth-rfc7523bis); or one that an issuer of workloads made for it, such as a service-account token of
 * Kubernetes.
 */
export const privateKeyJwt: ClientAuthenticationMethod = {
  names: [METHOD],
  isSigned: true,
  mayUse: (client, tenant) => client.keys !== undefined || hasWorkload(client, tenant, "issuer"),

  read(caller, context) {
    const assertion = assertionIn(caller, ASSERTION_TYPES.jwtBearer);
    if (assertion === undefined) return undefined;
    const jwt = readAssertion(assertion, TYPES);
    if (typeof jwt === "string") return unreadable(METHOD, jwt, caller, context);
    const { iss, sub } = jwt.claims;
    if (typeof sub !== "string") return unreadable(METHOD, "malformed", caller, context);
    // RFC 7521 section 4.2: somebody else may vouch for the client, such as the cluster that it runs in.
    const issuer = findIssuer(context.tenant, "issuer", iss);
    if (issuer !== undefined) return workloadPresentation({ method: METHOD, jwt, sub, issuer }, caller, context);
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
  const flaw = flawOfTimes(claims, context.clock.now(), MAX_LIFETIME);
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
