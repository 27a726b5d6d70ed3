import { createPublicKey } from "node:crypto";
import { type CryptoKey, createLocalJWKSet, type JWK } from "jose";
import { isLoopback } from "../base/address.ts";
import { isJsonObject, type JsonValue } from "../base/json.ts";
import type { Network } from "../base/network.ts";
import { joinUrl } from "../base/url.ts";
import type { FetchJson } from "./fetch-json.ts";
import { AuthorityUnavailableError, type TrustedIssuer } from "./port.ts";

/** What a token's header says about the key that signed it. */
export interface KeyHint {
  readonly alg: string;
  /** Undefined: the only key that fits the algorithm. */
  readonly kid: string | undefined;
}

/** The public keys of an issuer, as of one fetch. */
export interface KeySet {
  /**
   * Finds the key with that id and algorithm. Keys with another use, algorithm or operations do not match, nor do keys
   * that cannot be imported. If several match, none is returned.
   */
  find(hint: KeyHint): Promise<CryptoKey | undefined>;
}

/** The most entries of a key set, many of which may not be usable keys. */
const MAX_ENTRIES = 1000;

/** The most keys that an issuer may publish. */
const MAX_KEYS = 100;

/** The part of an issuer that says where its keys may be. */
export type KeySource = Pick<TrustedIssuer, "issuer" | "allowPrivateNetwork">;

/**
 * Discovers an issuer's keys (OpenID Connect Discovery section 4) and fetches them. Rejects with
 * {@link AuthorityUnavailableError} if either document is unavailable or not valid.
 */
export async function fetchKeySet(source: KeySource, fetchJson: FetchJson): Promise<KeySet> {
  const { issuer } = source;
  const networks = networksOf(source);
  const discovery = await fetchJson(joinUrl(issuer, ".well-known/openid-configuration"), networks);
  return parseKeySet(await fetchJson(jwksUri(discovery, issuer), networks));
}

/** An issuer elsewhere must not make the mint call services on this machine or in its private network (SSRF). */
function networksOf({ issuer, allowPrivateNetwork }: KeySource): ReadonlySet<Network> {
  const networks = new Set<Network>(["public"]);
  if (allowPrivateNetwork) networks.add("private");
  if (isLoopback(URL.parse(issuer)?.hostname ?? "")) networks.add("loopback");
  return networks;
}

function jwksUri(discovery: JsonValue, issuer: string): string {
  if (!isJsonObject(discovery)) throw new AuthorityUnavailableError("Its discovery document is malformed.");
  const { issuer: named, jwks_uri: uri } = discovery;
  if (named !== issuer) throw new AuthorityUnavailableError("Its discovery document names another issuer.");
  if (typeof uri !== "string") throw new AuthorityUnavailableError("Its discovery document has no jwks_uri.");
  if (isHttps(issuer) && !isHttps(uri)) throw new AuthorityUnavailableError("Its jwks_uri is not https.");
  return uri;
}

function isHttps(url: string): boolean {
  return URL.parse(url)?.protocol === "https:";
}

/** Accepts an empty set: that is how an issuer withdraws all its keys. */
function parseKeySet(document: JsonValue): KeySet {
  if (!isJsonObject(document) || !Array.isArray(document.keys)) {
    throw new AuthorityUnavailableError("Its key set is malformed.");
  }
  if (document.keys.length > MAX_ENTRIES) throw new AuthorityUnavailableError("Its key set has too many entries.");
  const keys = distinctKeys(document.keys);
  if (keys.length > MAX_KEYS) throw new AuthorityUnavailableError("Its key set has too many keys.");
  const pick = createLocalJWKSet({ keys });
  return {
    async find({ alg, kid }) {
      try {
        return await pick(kid === undefined ? { alg } : { alg, kid });
      } catch {
        return undefined;
      }
    },
  };
}

/** Drops repeated entries, which would make a token without `kid` ambiguous. */
function distinctKeys(entries: readonly JsonValue[]): JWK[] {
  return [...new Map(entries.filter(isKey).map((key) => [JSON.stringify(key), key])).values()];
}

/**
 * Whether it is a public key of a known kind. An unknown kind must not cost the issuer its other keys (RFC 7517 section
 * 5).
 */
function isKey(entry: JsonValue): entry is JWK & JsonValue {
  if (!isJsonObject(entry)) return false;
  try {
    createPublicKey({ format: "jwk", key: entry });
    // This copies the key, and throws if an unknown member is nested too deeply to be copied.
    createLocalJWKSet({ keys: [entry as JWK] });
    return true;
  } catch {
    return false;
  }
}
