import { ASSERTION_TYPES, assertionIn, readAssertion, unreadable } from "./assertion.ts";
import type { ClientAuthenticationMethod } from "./method.ts";
import { findIssuer, hasWorkload, workloadPresentation } from "./workload.ts";

const METHOD = "spiffe_jwt";

/** JWT-SVID section 2.3. */
const TYPES = new Set(["jwt", "jose"]);

/** JWT-SVID section 2.1: no EdDSA. */
const ALGORITHM = /^(?:RS|PS|ES)/;

/** A SPIFFE ID (SPIFFE-ID section 2) of a workload. */
const SPIFFE_ID = /^spiffe:\/\/(?<trustDomain>[a-z0-9._-]+)\/[A-Za-z0-9._/-]+$/;

/**
 * A JWT-SVID that a workload got from SPIFFE for this mint (draft-ietf-oauth-spiffe-client-auth, revision 2). Only the keys
 * of its trust domain count, whatever its `iss` says.
 */
export const spiffeJwt: ClientAuthenticationMethod = {
  names: [METHOD],
  isSigned: true,
  mayUse: (client, tenant) => hasWorkload(client, tenant, "trust domain"),

  read(caller, context) {
    const assertion = assertionIn(caller, ASSERTION_TYPES.jwtSpiffe);
    if (assertion === undefined) return undefined;
    const jwt = readAssertion(assertion, TYPES);
    if (typeof jwt === "string") return unreadable(METHOD, jwt, caller, context);
    if (!ALGORITHM.test(jwt.alg)) return unreadable(METHOD, "algorithm not accepted", caller, context);
    const sub = String(jwt.claims.sub);
    const trustDomain = SPIFFE_ID.exec(sub)?.groups?.trustDomain;
    if (trustDomain === undefined) return unreadable(METHOD, "not a SPIFFE ID", caller, context);
    const issuer = findIssuer(context.tenant, "trust domain", trustDomain);
    if (issuer === undefined) return unreadable(METHOD, "another issuer", caller, context);
    return workloadPresentation({ method: METHOD, jwt, sub, issuer, alias: sub }, caller, context);
  },
};
