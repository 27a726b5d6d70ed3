/** The largest body of a request that either door reads, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;
