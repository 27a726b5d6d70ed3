import type { SigningAlgorithm } from "../keyring/port.ts";

/** How a tenant's tokens are signed, and when its keys rotate. Times in seconds. */
export interface SigningPolicy {
  readonly algorithm: SigningAlgorithm;
  /** How long a key signs. */
  readonly rotateEvery: number;
  /** How long a key is published before it signs. */
  readonly publishAhead: number;
  /** How long verifiers may cache the JWKS. */
  readonly jwksMaxAge: number;
  readonly jwksKeyTypes: (typeof JWKS_KEY_TYPES)[number];
}

/**
 * Which keys a tenant's JWKS has: all, or only those of kinds that every verifier can read, for those that fail on a `kty`
 * that they do not know (RFC 7517 section 5 has them ignore it).
 */
export const JWKS_KEY_TYPES = ["all", "classic"] as const;
