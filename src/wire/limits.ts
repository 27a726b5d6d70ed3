/** The largest request body that either door reads, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;
