import { createHmac } from "node:crypto";

/** How an identifier, such as a subject, appears in the audit. */
export type WriteIdentifier = (identifier: string) => string;

/** As it is. */
export const plainIdentifier: WriteIdentifier = (identifier) => identifier;

/**
 * As its HMAC-SHA-256 under a key: the same identifier is always the same text, which only whoever has the key can
 * compute. All kinds of identifiers are alike, so that one can be searched for without knowing what it is.
 */
export function hashedIdentifier(key: Uint8Array): WriteIdentifier {
  return (identifier) => `hmac-sha256:${createHmac("sha256", key).update(identifier).digest("base64url")}`;
}
