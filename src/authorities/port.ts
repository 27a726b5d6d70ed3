import type { Instant } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import { UnavailableError } from "../base/unavailable.ts";

/** An OpenID provider whose id_tokens are trusted. */
export interface TrustedIssuer {
  /** The issuer URL, as in `iss` and in its discovery document. */
  readonly issuer: string;
  /** The `aud` values that are ours. */
  readonly audiences: readonly string[];
  /** The `azp` values that are ours: who may have asked for the id_token. The audiences unless given. */
  readonly authorizedParties?: readonly string[] | undefined;
  /** Whether its documents may be fetched from private addresses; otherwise from public ones, or loopback for an issuer there. */
  readonly allowPrivateNetwork?: boolean;
}

/** Checks id_tokens of other issuers. */
export interface Authorities {
  /**
   * The claims of an id_token that this issuer signed for one of the audiences and that is valid at `now`
   * (OpenID Connect Core section 3.1.3.7).
   *
   * Throws {@link IdTokenError} if the token is not that, {@link AuthorityUnavailableError} if it cannot be known.
   */
  verify(issuer: TrustedIssuer, idToken: string, now: Instant): Promise<JsonObject>;
}

/** An id_token that is not accepted. Its message says why, in words that may be told to the caller. */
export class IdTokenError extends Error {
  override readonly name = "IdTokenError";
}

/** The issuer's keys cannot be had at the moment. */
export class AuthorityUnavailableError extends UnavailableError {
  override readonly name = "AuthorityUnavailableError";
  override readonly description = "The identity provider's keys are unavailable. Try again.";
}
