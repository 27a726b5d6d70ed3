import { compactVerify } from "jose";
import { LruMap } from "../base/lru-map.ts";
import type { SignedJwt } from "../token/signed-jwt.ts";
import { checkClaims } from "./claims.ts";
import { createFetchJson } from "./fetch-json.ts";
import { readIdToken } from "./id-token.ts";
import { type AuthorityDependencies, IssuerKeys } from "./issuer-keys.ts";
import { type KeySet, parseKeySet, urlOf } from "./key-set.ts";
import { type Authorities, IdTokenError, type KeySource, type Signedness } from "./port.ts";

/** How many sources of keys are remembered, with their keys. */
const MAX_SOURCES = 16_384;

/**
 * Verifies what others signed, with keys that are given or that it fetches when they are first needed, and keeps. The
 * sources come from the configuration and from operators, never from callers. No source waits for another.
 *
 * `fetch` uses the network by default.
 */
export function createAuthorities({
  fetch = createFetchJson(),
  clock,
  emit,
}: Omit<AuthorityDependencies, "fetch"> & Partial<AuthorityDependencies>): Authorities {
  const dependencies = { fetch, clock, emit };
  const fetched = new LruMap<string, IssuerKeys>(MAX_SOURCES);
  const given = new WeakMap<object, KeySet>();

  function keysOf(source: KeySource): Pick<KeySet, "find"> {
    if (!("jwks" in source)) return fetchedKeys(source);
    const keys = given.get(source.jwks) ?? parseKeySet({ keys: source.jwks }, source.use);
    given.set(source.jwks, keys);
    return keys;
  }

  /** All who trust the same source share its keys, unless only one of them allows private addresses. */
  function fetchedKeys(source: Exclude<KeySource, { readonly jwks: unknown }>): IssuerKeys {
    const { allowPrivateNetwork = false, use = "sig" } = source;
    const id = JSON.stringify([allowPrivateNetwork, use, "issuer" in source, urlOf(source)]);
    const keys = fetched.get(id) ?? new IssuerKeys(source, dependencies);
    fetched.set(id, keys);
    return keys;
  }

  async function checkSignature(jwt: SignedJwt, keys: KeySource): Promise<Signedness> {
    const key = await keysOf(keys).find(jwt);
    if (key === undefined) return "key unknown";
    try {
      await compactVerify(jwt.text, key, { algorithms: [jwt.alg] });
      return "signed";
    } catch {
      return "signature wrong";
    }
  }

  return {
    checkSignature,
    async verify(issuer, idToken, now) {
      const jwt = readIdToken(idToken);
      // Before the keys are looked up, so that a token that is invalid anyway fetches nothing.
      checkClaims(jwt.claims, issuer, now);
      const { issuer: url, allowPrivateNetwork } = issuer;
      const signedness = await checkSignature(jwt, { issuer: url, allowPrivateNetwork });
      if (signedness !== "signed") throw new IdTokenError(UNSIGNED[signedness]);
      return jwt.claims;
    },
  };
}

const UNSIGNED: Readonly<Record<Exclude<Signedness, "signed">, string>> = {
  "key unknown": "The id_token is not signed with a key of the authority.",
  "signature wrong": "The id_token's signature does not verify.",
};
