import type { Instant } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import { UnavailableError } from "../base/unavailable.ts";
import type { SignedJwt } from "../token/signed-jwt.ts";

/** An OpenID provider whose id_tokens are trusted. */
export interface TrustedIssuer {
  /** The issuer URL, as in `iss` and in its discovery document. */
  readonly issuer: string;
  /** The `aud` values that are accepted. */
  readonly audiences: readonly string[];
  /** The `azp` values that are accepted: who may ask for an id_token. Defaults to the audiences. */
  readonly authorizedParties?: readonly string[] | undefined;
  /**
   * Whether its documents may be fetched from private addresses. If not: only from public ones, or from loopback for an
   * issuer there.
   */
  readonly allowPrivateNetwork?: boolean;
}

/**
 * Where the public keys of somebody who signs JWTs are: here, at a URL, or where the discovery document of an issuer says
 * (OpenID Connect Discovery section 4).
 */
export type KeySource = (
  | { readonly jwks: readonly JsonObject[] }
  | { readonly jwksUri: string }
  | { readonly issuer: string }
) & {
  /** As for a {@link TrustedIssuer}. */
  readonly allowPrivateNetwork?: boolean | undefined;
  /** The only `use` that a key may have. Absent: `sig`, or none. */
  readonly use?: "jwt-svid" | undefined;
};

/** Whether a JWT is signed, or why it is not. */
export type Signedness = "signed" | "key unknown" | "signature wrong";

/** Checks what other issuers signed. */
export interface Authorities {
  /** Whether one of these keys signed a JWT. Throws {@link AuthorityUnavailableError} if that cannot be determined. */
  checkSignature(jwt: SignedJwt, keys: KeySource): Promise<Signedness>;

  /**
   * Returns the claims of an id_token that this issuer signed for one of the audiences and that is valid at `now`
   * (OpenID Connect Core section 3.1.3.7).
   *
   * Throws {@link IdTokenError} if the token is not valid, {@link AuthorityUnavailableError} if that cannot be
   * determined.
   */
  verify(issuer: TrustedIssuer, idToken: string, now: Instant): Promise<JsonObject>;
}

/** An id_token that is not accepted. The message says why, in words fit for the caller. */
export class IdTokenError extends Error {
  override readonly name = "IdTokenError";
}

/** The issuer's keys are unavailable. */
export class AuthorityUnavailableError extends UnavailableError {
  override readonly name = "AuthorityUnavailableError";
  override readonly description = "The identity provider's keys are unavailable. Try again.";
}
