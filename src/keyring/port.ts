import type { Instant } from "../token/clock.ts";
import type { JsonObject } from "../token/json.ts";

/** The JWS algorithms that a tenant can sign with (RFC 7518 section 3.1, RFC 8037). */
export type SigningAlgorithm = "RS256" | "PS256" | "ES256" | "ES384" | "EdDSA";

/** No key can be used at the moment, though one will be: the caller may try again. */
export class KeyUnavailableError extends Error {
  override readonly name = "KeyUnavailableError";
}

/** The key that signs at one moment: a request takes it once, so that all its tokens bear the same kid. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** A JWS in compact form with the header members alg, kid and typ (RFC 7515 section 7.1). */
  sign(claims: JsonObject): Promise<string>;
  /** base64url of the left half of the hash that goes with the algorithm (OpenID Connect Core section 3.1.3.6, `at_hash`). */
  leftHalfHash(text: string): string;
}

/** A public signing key as a JWK (RFC 7517) with kid, alg and use. */
export type PublicJwk = JsonObject;

/** A tenant's keys. `now` decides which of them are in use. */
export interface TenantKeyring {
  /** The key to sign with. Throws {@link KeyUnavailableError} where none is. */
  signer(now: Instant): Signer;
  /** The claims of a JWT that this tenant's keys signed, or undefined. Says nothing of its time or revocation. */
  verify(jwt: string, now: Instant): Promise<VerifiedJwt | undefined>;
  /** The published keys (RFC 7517 section 5). */
  jwks(now: Instant): { readonly keys: readonly PublicJwk[] };
  /** The generation of the key that authenticates the refresh tokens of new families. */
  macGeneration(now: Instant): number;
  /** HMAC-SHA256 of a text under that generation's key, base64url; undefined where there is no such key. */
  mac(generation: number, text: string): string | undefined;
}

/** A JWT whose signature is one of this tenant's. */
export interface VerifiedJwt {
  readonly kid: string;
  readonly claims: JsonObject;
}
