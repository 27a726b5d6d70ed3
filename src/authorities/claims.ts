import type { Instant } from "../base/clock.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import { isSubjectText } from "../token/subject.ts";
import { IdTokenError, type TrustedIssuer } from "./port.ts";

/** The most by which the issuer's clock may differ from this one, in milliseconds. */
const SKEW = 60_000;

/**
 * Throws {@link IdTokenError} unless these are the claims of an id_token that this issuer made for one of the audiences
 * and that is valid at `now` (OpenID Connect Core sections 2 and 3.1.3.7). `iss`, `aud`, `exp`, `iat` and `sub` are
 * required. A `client_id` marks an access token (RFC 9068 section 2.2), which a provider may sign with the same key.
 */
export function checkClaims(claims: JsonObject, trusted: TrustedIssuer, now: Instant): void {
  if (claims.iss !== trusted.issuer) throw new IdTokenError("The id_token was not issued by the authority.");
  if (claims.client_id !== undefined) {
    throw new IdTokenError("The id_token has the claim 'client_id', which only access tokens have.");
  }
  checkAudience(claims, trusted);
  checkTimes(claims, now);
  if (typeof claims.sub !== "string" || claims.sub === "") throw new IdTokenError("The id_token has no subject.");
  if (!isSubjectText(claims.sub)) {
    throw new IdTokenError("The id_token's subject has control characters or is not well-formed Unicode.");
  }
}

/** `azp` says who asked for the token. It must be an authorized party, and is required if there are several audiences. */
function checkAudience({ aud, azp }: JsonObject, trusted: TrustedIssuer): void {
  const { audiences, authorizedParties = audiences } = trusted;
  const named = new Set(Array.isArray(aud) ? aud : [aud]);
  if (!audiences.some((audience) => named.has(audience))) {
    throw new IdTokenError("The id_token is for another audience.");
  }
  if (azp === undefined && named.size === 1) return;
  if (azp === undefined) throw new IdTokenError("The id_token has several audiences and no authorized party.");
  if (!authorizedParties.some((party) => party === azp)) {
    throw new IdTokenError("The id_token is for another authorized party.");
  }
}

function checkTimes({ exp, nbf, iat }: JsonObject, now: Instant): void {
  if (now >= milliseconds(exp) + SKEW) throw new IdTokenError("The id_token has expired.");
  const starts = Math.max(milliseconds(iat), nbf === undefined ? 0 : milliseconds(nbf));
  if (now < starts - SKEW) throw new IdTokenError("The id_token is not valid yet.");
}

/** Reads a NumericDate (RFC 7519 section 2). JSON can write numbers that parse as infinite, such as 1e999: not dates. */
function milliseconds(seconds: JsonValue | undefined): Instant {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) throw new IdTokenError("The id_token is malformed.");
  return seconds * 1000;
}
