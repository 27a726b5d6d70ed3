import { checkClaims } from "./claims.ts";
import { createFetchJson } from "./fetch-json.ts";
import { readIdToken, verifySignature } from "./id-token.ts";
import { type AuthorityDependencies, IssuerKeys } from "./issuer-keys.ts";
import { type Authorities, IdTokenError, type TrustedIssuer } from "./port.ts";

/**
 * Verifies id_tokens with keys that it fetches from their issuers when they are first needed, and keeps: the issuers
 * come from the configuration, so there are few. No issuer waits for another.
 *
 * `fetch` uses the network by default.
 */
export function createAuthorities({
  fetch = createFetchJson(),
  clock,
  emit,
}: Omit<AuthorityDependencies, "fetch"> & Partial<AuthorityDependencies>): Authorities {
  const dependencies = { fetch, clock, emit };
  const issuers = new Map<string, IssuerKeys>();

  /** Tenants that trust the same issuer share its keys, unless only one of them allows private addresses. */
  function keysOf({ issuer, allowPrivateNetwork = false }: TrustedIssuer): IssuerKeys {
    const id = `${allowPrivateNetwork} ${issuer}`;
    const keys = issuers.get(id) ?? new IssuerKeys({ issuer, allowPrivateNetwork }, dependencies);
    issuers.set(id, keys);
    return keys;
  }

  return {
    async verify(issuer, idToken, now) {
      const { header, claims } = readIdToken(idToken);
      // Before the keys are looked up, so that a token that is invalid anyway fetches nothing.
      checkClaims(claims, issuer, now);
      const key = await keysOf(issuer).find(header);
      if (key === undefined) throw new IdTokenError("The id_token is not signed with a key of the authority.");
      await verifySignature(idToken, key, header.alg);
      return claims;
    },
  };
}
