import { createPublicKey } from "node:crypto";
import { type CryptoKey, createLocalJWKSet, type JWK } from "jose";
import { isLoopback } from "../base/address.ts";
import { isJsonObject, type JsonValue } from "../base/json.ts";
import type { Network } from "../base/network.ts";
import { joinUrl } from "../base/url.ts";
import type { FetchJson } from "./fetch-json.ts";
import { AuthorityUnavailableError, type KeySource } from "./port.ts";

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

/** A source whose keys have to be fetched. */
export type RemoteKeys = Exclude<KeySource, { readonly jwks: unknown }>;

/** The URL that names a source. */
export function urlOf(source: RemoteKeys): string {
  return "issuer" in source ? source.issuer : source.jwksUri;
}

/**
 * Fetches keys; those of an issuer from where its discovery document says (OpenID Connect Discovery section 4). Rejects
 * with {@link AuthorityUnavailableError} if a document is unavailable or not valid.
 */
export async function fetchKeySet(source: RemoteKeys, fetchJson: FetchJson): Promise<KeySet> {
  const networks = networksOf(source);
  const uri = "issuer" in source ? await discoverKeys(source.issuer, networks, fetchJson) : source.jwksUri;
  return parseKeySet(await fetchJson(uri, networks), source.use);
}

async function discoverKeys(issuer: string, networks: ReadonlySet<Network>, fetchJson: FetchJson): Promise<string> {
  return jwksUri(await fetchJson(joinUrl(issuer, ".well-known/openid-configuration"), networks), issuer);
}

/** An issuer elsewhere must not make the mint call services on this machine or in its private network (SSRF). */
function networksOf(source: RemoteKeys): ReadonlySet<Network> {
  const networks = new Set<Network>(["public"]);
  if (source.allowPrivateNetwork) networks.add("private");
  if (isLoopback(URL.parse(urlOf(source))?.hostname ?? "")) networks.add("loopback");
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

/**
 * Parses a JWKS (RFC 7517 section 5). Accepts an empty set: that is how an issuer withdraws all its keys. `use`: the only
 * one that counts; absent: `sig`, or none. Throws {@link AuthorityUnavailableError}.
 */
export function parseKeySet(document: JsonValue, use?: KeySource["use"]): KeySet {
  if (!isJsonObject(document) || !Array.isArray(document.keys)) {
    throw new AuthorityUnavailableError("Its key set is malformed.");
  }
  if (document.keys.length > MAX_ENTRIES) throw new AuthorityUnavailableError("Its key set has too many entries.");
  const keys = distinctKeys(use === undefined ? document.keys : document.keys.flatMap((key) => usedFor(use, key)));
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

/** The key without its `use` if it is that one; jose knows `sig` alone. */
function usedFor(use: string, entry: JsonValue): readonly JsonValue[] {
  if (!isJsonObject(entry) || entry.use !== use) return [];
  const { use: _, ...key } = entry;
  return [key];
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
