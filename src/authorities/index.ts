import { checkClaims } from "./claims.ts";
import { createFetchJson } from "./fetch-json.ts";
import { readIdToken, verifySignature } from "./id-token.ts";
import { type AuthorityDependencies, IssuerKeys } from "./issuer-keys.ts";
import { type Authorities, IdTokenError, type TrustedIssuer } from "./port.ts";

/**
 * Checks id_tokens with keys that it fetches from their issuers, each when it is first used, and keeps for as long as it
 * lives: its issuers are the configured ones, and so not many. No issuer waits for another.
 *
 * `fetch` is the network unless given.
 */
export function createAuthorities({
  fetch = createFetchJson(),
  clock,
  logger,
}: Omit<AuthorityDependencies, "fetch"> & Partial<AuthorityDependencies>): Authorities {
  const dependencies = { fetch, clock, logger };
  const issuers = new Map<string, IssuerKeys>();

  /** Tenants that trust the same issuer share its keys, unless they disagree on where those may be. */
  function keysOf({ issuer, allowPrivateNetwork = false }: TrustedIssuer): IssuerKeys {
    const id = `${allowPrivateNetwork} ${issuer}`;
    const keys = issuers.get(id) ?? new IssuerKeys({ issuer, allowPrivateNetwork }, dependencies);
    issuers.set(id, keys);
    return keys;
  }

  return {
    async verify(issuer, idToken, now) {
      const { header, claims } = readIdToken(idToken);
      // Before the keys are looked for, so that a token which is no good anyway fetches nothing.
      checkClaims(claims, issuer, now);
      const key = await keysOf(issuer).find(header);
      if (key === undefined) throw new IdTokenError("The id_token is not signed with a key of the authority.");
      await verifySignature(idToken, key, header.alg);
      return claims;
    },
  };
}
