import { type CryptoKey, createLocalJWKSet, type JSONWebKeySet } from "jose";
import { isJsonObject, type JsonValue } from "../token/json.ts";
import type { FetchJson } from "./fetch-json.ts";
import { AuthorityUnavailableError } from "./port.ts";

/** What a token's header says of the key that signed it. */
export interface KeyHint {
  readonly alg: string;
  /** Undefined: the key is the only one that fits the algorithm. */
  readonly kid: string | undefined;
}

/** The public keys of an issuer, as they were at one moment. */
export interface KeySet {
  /**
   * The key of that id and algorithm. A key of another use, of another algorithm or for other operations is none, nor
   * is one that cannot be imported; where several fit, none is taken.
   */
  find(hint: KeyHint): Promise<CryptoKey | undefined>;
}

/** The most keys that an issuer may publish. */
const MAX_KEYS = 100;

/**
 * Finds an issuer's keys by discovery (OpenID Connect Discovery section 4) and fetches them. Rejects with
 * {@link AuthorityUnavailableError} where either document is not what it should be.
 */
export async function fetchKeySet(issuer: string, fetchJson: FetchJson): Promise<KeySet> {
  const discovery = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  return parseKeySet(await fetchJson(jwksUri(discovery, issuer)));
}

function jwksUri(discovery: JsonValue, issuer: string): string {
  if (!isJsonObject(discovery)) throw new AuthorityUnavailableError("Its discovery document is malformed.");
  const { issuer: named, jwks_uri: uri } = discovery;
  if (named !== issuer) throw new AuthorityUnavailableError("Its discovery document names another issuer.");
  if (typeof uri !== "string") throw new AuthorityUnavailableError("Its discovery document has no jwks_uri.");
  // An issuer elsewhere has no business with what listens on this machine.
  if (issuer.startsWith("https:") && !uri.startsWith("https:")) {
    throw new AuthorityUnavailableError("Its jwks_uri is not https.");
  }
  return uri;
}

/** An empty set is taken: it is how an issuer withdraws all its keys. */
function parseKeySet(document: JsonValue): KeySet {
  if (!isJsonObject(document) || !Array.isArray(document.keys)) {
    throw new AuthorityUnavailableError("Its key set is malformed.");
  }
  if (document.keys.length > MAX_KEYS) throw new AuthorityUnavailableError("Its key set has too many keys.");
  const pick = pickerOf({ keys: document.keys });
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

function pickerOf(keySet: JSONWebKeySet) {
  try {
    return createLocalJWKSet(keySet);
  } catch (cause) {
    throw new AuthorityUnavailableError("Its key set is malformed.", { cause });
  }
}
