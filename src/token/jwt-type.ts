/**
 * What a JWT of this mint is, as `typ` in its header says it (RFC 8725 section 3.11): `JWT` are id_tokens, and access
 * tokens of the profile `legacy`; `at+jwt` are access tokens as RFC 9068 has them; `token-introspection+jwt` are
 * answers to introspections (RFC 9701); `txntoken+jwt` are transaction tokens. Each new kind of token gets a type of its own, and nothing in a request chooses it.
 */
export const JWT_TYPES = ["JWT", "at+jwt", "token-introspection+jwt", "txntoken+jwt"] as const;

/** One of {@link JWT_TYPES}. */
export type JwtType = (typeof JWT_TYPES)[number];
