/** Keeps an answer with a token, or about one, out of every cache (RFC 6749 section 5.1). */
export const UNCACHED = { "cache-control": "no-store", pragma: "no-cache" } as const;

/** What a refusal `invalid_client` asks for, as `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6749 section 5.2). */
export const CHALLENGE = 'Basic realm="mintmark", charset="UTF-8"';

/** Names a request, in both directions. */
export const REQUEST_ID = "x-request-id";
