import type { RateLimitedError } from "../engine/rate-limited.ts";

/**
 * The header fields of a refusal by a limit: `Retry-After` (RFC 9110 section 10.2.3), `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers-10 sections 3 and 4). Each rate is a policy of its own.
 */
export function rateLimitHeaders({ quotas, retryAfter }: RateLimitedError): Readonly<Record<string, string>> {
  return {
    "retry-after": String(retryAfter),
    "ratelimit-policy": quotas.map(({ policy, rate }) => `"${policy}";q=${rate.most};w=${rate.period}`).join(", "),
    ratelimit: quotas.map(({ policy, left, resetsIn }) => `"${policy}";r=${left};t=${resetsIn}`).join(", "),
  };
}
