import { base64url, type CryptoKey, compactVerify, decodeProtectedHeader } from "jose";
import { isJsonObject, type JsonObject, parseExactJson } from "../base/json.ts";
import { isCompactJws } from "../token/compact-jws.ts";
import type { KeyHint } from "./key-set.ts";
import { IdTokenError } from "./port.ts";

/** An id_token that was parsed, but not verified. */
interface ReadIdToken {
  readonly header: KeyHint;
  readonly claims: JsonObject;
}

/** The longest id_token, in characters. */
const MAX_LENGTH = 16 * 1024;

/**
 * Signatures that only the holder of a private key can make: not `none`, and not HMAC, as a public key could be used as
 * its secret (RFC 8725 section 2.1).
 */
const ALGORITHMS: ReadonlySet<unknown> = new Set(
  "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 Ed25519 EdDSA".split(" "),
);

/**
 * Parses a JWS in compact form. Throws {@link IdTokenError} if it cannot be an id_token: it is too long or malformed,
 * its algorithm is not accepted, its `typ` says that it is another kind of token (RFC 8725 section 3.11), or it has
 * critical extensions.
 */
export function readIdToken(idToken: string): ReadIdToken {
  if (idToken.length > MAX_LENGTH) throw new IdTokenError("The id_token is too long.");
  const { header, claims } = decode(idToken);
  if (!ALGORITHMS.has(header.alg)) throw new IdTokenError("The id_token's algorithm is not accepted.");
  if (header.crit !== undefined) throw new IdTokenError("The id_token has unsupported critical extensions.");
  if (!isPlainJwt(header.typ)) throw new IdTokenError("The id_token is another kind of token.");
  return { header: keyHint(header), claims };
}

/** Throws {@link IdTokenError} unless that key signed the token with that algorithm. */
export async function verifySignature(idToken: string, key: CryptoKey, algorithm: string): Promise<void> {
  try {
    await compactVerify(idToken, key, { algorithms: [algorithm] });
  } catch (cause) {
    throw new IdTokenError("The id_token's signature does not verify.", { cause });
  }
}

function decode(idToken: string): { readonly header: JsonObject; readonly claims: JsonObject } {
  if (!isCompactJws(idToken)) throw malformed();
  try {
    return { header: decodeProtectedHeader(idToken) as JsonObject, claims: decodeClaims(idToken) };
  } catch {
    throw malformed();
  }
}

function decodeClaims(idToken: string): JsonObject {
  const { 1: payload = "" } = idToken.split(".");
  const claims = parseExactJson(new TextDecoder("utf-8", { fatal: true }).decode(base64url.decode(payload)));
  if (!isJsonObject(claims)) throw malformed();
  return claims;
}

function keyHint({ alg, kid }: JsonObject): KeyHint {
  if (typeof alg !== "string" || (kid !== undefined && typeof kid !== "string")) throw malformed();
  return { alg, kid };
}

/** RFC 7519 section 5.1: `JWT`, or nothing. */
function isPlainJwt(typ: unknown): boolean {
  return typ === undefined || (typeof typ === "string" && /^(?:application\/)?jwt$/i.test(typ));
}

function malformed(): IdTokenError {
  return new IdTokenError("The id_token is malformed.");
}
