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
