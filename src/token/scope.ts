/** The scope that asks for a refresh token (OpenID Connect Core section 11). */
export const OFFLINE_ACCESS = "offline_access";
