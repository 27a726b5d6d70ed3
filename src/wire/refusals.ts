/** How long a caller should wait before it tries again what is unavailable, in seconds. */
export const RETRY_DELAY = 1;

/** Additional headers of a refusal, by its HTTP status (RFC 9110 sections 10.2.3 and 11.6.1, RFC 6749 section 5.2). */
export const headersByStatus: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": 'Basic realm="mintmark", charset="UTF-8"' },
  503: { "retry-after": String(RETRY_DELAY) },
};

/** The message for a request body, or a message in one, of more than `MAX_BODY_BYTES`. */
export const BODY_TOO_LARGE = "The body is too large.";

/** The message for a content type that the path does not take. */
export const UNSUPPORTED_CONTENT_TYPE = "The content type is not supported here.";
