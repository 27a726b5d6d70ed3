/** The scope that asks for a refresh token (OpenID Connect Core section 11). */
export const OFFLINE_ACCESS = "offline_access";

/** The scope that asks for an id_token (OpenID Connect Core section 3.1.2.1). */
export const OPENID = "openid";

/**
 * The scopes that ask who a subject is (OpenID Connect Core sections 3.1.2.1 and 5.4). Libraries send them by default,
 * and they name no resource.
 */
export const IDENTITY_SCOPES: ReadonlySet<string> = new Set([OPENID, "profile", "email", "address", "phone"]);
