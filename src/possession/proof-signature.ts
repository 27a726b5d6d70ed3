import { type KeyObject, verify } from "node:crypto";
import { isOfKind, SIGNATURES, type SignatureAlgorithm } from "../token/signature-algorithms.ts";

/** The algorithms that proofs may be signed with: asymmetric ones alone, as the key is public (RFC 9449 sections 4.3 and 5). */
export const DPOP_ALGORITHMS = ["ES256", "ES384", "ES512", "Ed25519", "EdDSA", "RS256", "PS256"] as const;

/**
 * Whether a key has signed a JWS in compact form by an algorithm, which must be one for that kind of key (RFC 7515 section
 * 5.2). At once: a proof costs less than handing it to a thread.
 */
export function isSignedBy(jws: string, algorithm: (typeof DPOP_ALGORITHMS)[number], key: KeyObject): boolean {
  const { key: kind, signs }: SignatureAlgorithm = SIGNATURES[algorithm];
  if (!isOfKind(key, kind)) return false;
  const { digest, ...how } = signs;
  const end = jws.lastIndexOf(".");
  const signature = Buffer.from(jws.slice(end + 1), "base64url");
  return verify(digest, Buffer.from(jws.slice(0, end)), { key, ...how }, signature);
}
