/** A base64url part in the one text that its bytes have (RFC 7515 section 2): no padding, no blanks, no bits to spare. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}

/**
 * Whether a text can be a JWS in compact form: three parts, each in the one text that its bytes have. Readers of base64
 * that are lax take many texts for the same bytes (RFC 7515 section 7.1, RFC 4648 section 3.5).
 *
 * A token is not its text, though: of an ECDSA signature (r, s) anybody can make (r, n - s), which verifies too. What
 * ends a token goes by its `jti`, never by its text or a hash of that.
 */
export function isCompactJws(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 3 && parts.every(isCanonical);
}
