import { isJsonObject, type JsonObject, parseExactJson } from "../base/json.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Whether a base64url part is the canonical encoding of its bytes (RFC 7515 section 2): no padding, no spaces, no stray
 * bits.
 */
function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}

/**
 * Whether a text can be a JWS in compact form: three parts in canonical base64url. Lenient decoders accept many texts
 * for the same bytes (RFC 7515 section 7.1, RFC 4648 section 3.5).
 *
 * Even so, a token is not its text: anybody can turn an ECDSA signature (r, s) into (r, n - s), which verifies too. So
 * whatever revokes a token goes by its `jti`, never by its text or a hash of the text.
 */
export function isCompactJws(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 3 && parts.every(isCanonical);
}

/** The header and the claims of a JWT in compact form, parsed but not verified; undefined for any other text. */
export function readCompactJws(text: string): { readonly header: JsonObject; readonly claims: JsonObject } | undefined {
  if (!isCompactJws(text)) return undefined;
  const [header, claims] = text.split(".", 2).map(readPart);
  return header && claims && { header, claims };
}

function readPart(part: string): JsonObject | undefined {
  try {
    const value = parseExactJson(utf8.decode(Buffer.from(part, "base64url")));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
