/** Keeps answers with tokens, or about tokens, out of every cache (RFC 6749 section 5.1). */
export const UNCACHED = { "cache-control": "no-store", pragma: "no-cache" } as const;

/** The `WWW-Authenticate` of a refusal `invalid_client` (RFC 9110 section 11.6.1, RFC 6749 section 5.2). */
export const CHALLENGE = 'Basic realm="mintmark", charset="UTF-8"';

/** The header that carries a request's id, in both directions. */
export const REQUEST_ID = "x-request-id";
