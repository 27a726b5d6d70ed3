/** Keeps answers with tokens, or about tokens, out of every cache (RFC 6749 section 5.1). */
export const UNCACHED = { "cache-control": "no-store", pragma: "no-cache" } as const;

/** The header that carries a request's id, in both directions. */
export const REQUEST_ID = "x-request-id";
