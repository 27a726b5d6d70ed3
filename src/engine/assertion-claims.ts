import type { Instant } from "../base/clock.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";

/** The most by which the clock of whoever made an assertion may differ from this node's, in milliseconds. */
const LEEWAY = 60_000;

/** What can be wrong with the times of an assertion. */
export type TimeFlaw = "no exp" | "expired" | "lives too long" | "not valid yet";

/** From when on an assertion is not accepted any more: whole milliseconds, though a NumericDate may have any fraction. */
export function acceptedUntil({ exp }: JsonObject): Instant {
  return Math.ceil(instantOf(exp)) + LEEWAY;
}

/**
 * What is wrong with `exp`, `nbf` and `iat` (RFC 7523 section 3). `maxLifetime`: how far ahead it may expire, in
 * milliseconds, besides the leeway.
 */
export function flawOfTimes(
  { exp, nbf, iat }: JsonObject,
  now: Instant,
  maxLifetime = Number.POSITIVE_INFINITY,
): TimeFlaw | undefined {
  if (Number.isNaN(instantOf(exp))) return "no exp";
  if (now >= acceptedUntil({ exp: exp ?? null })) return "expired";
  if (instantOf(exp) > now + maxLifetime + LEEWAY) return "lives too long";
  const starts = [nbf, iat].filter((date) => date !== undefined).map(instantOf);
  return starts.every((start) => start <= now + LEEWAY) ? undefined : "not valid yet";
}

/**
 * Whether it is for one of these alone: one that others take too could be presented here by one of them
 * (draft-ietf-oauth-rfc7523bis).
 */
export function isFor({ aud }: JsonObject, accepted: readonly string[]): boolean {
  const [only, second] = Array.isArray(aud) ? aud : [aud];
  return second === undefined && accepted.some((audience) => audience === only);
}

/** Reads a NumericDate (RFC 7519 section 2) in milliseconds; NaN if it is none. JSON can write infinite numbers. */
function instantOf(date: JsonValue | undefined): Instant {
  return typeof date === "number" && Number.isFinite(date) ? date * 1000 : Number.NaN;
}
