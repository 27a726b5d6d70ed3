/** Keeps answers with tokens, or about tokens, out of every cache (RFC 6749 section 5.1). */
export const UNCACHED = { "cache-control": "no-store", pragma: "no-cache" } as const;

/** The header that carries a proof (RFC 9449 section 4.1). */
export const DPOP = "dpop";

/** The header that carries the nonce of the next proof (RFC 9449 section 8). */
export const DPOP_NONCE = "dpop-nonce";

/** The header that carries a request's id, in both directions. */
export const REQUEST_ID = "x-request-id";
