/** The types of tokens, as token exchange names them (RFC 8693 section 3), but for those that it never takes or gives. */
export const TOKEN_TYPES = {
  access_token: "urn:ietf:params:oauth:token-type:access_token",
  id_token: "urn:ietf:params:oauth:token-type:id_token",
  jwt: "urn:ietf:params:oauth:token-type:jwt",
  /** draft-ietf-oauth-transaction-tokens-10. */
  txn_token: "urn:ietf:params:oauth:token-type:txn_token",
} as const;

/** The last part of one of {@link TOKEN_TYPES}: the configuration's name for it. */
export type TokenTypeName = keyof typeof TOKEN_TYPES;

/** All of these names. */
export const TOKEN_TYPE_NAMES = Object.keys(TOKEN_TYPES) as readonly TokenTypeName[];

/** The name of a type that a caller gave as a URI; undefined for any other text. */
export function tokenTypeName(uri: string): TokenTypeName | undefined {
  return TOKEN_TYPE_NAMES.find((name) => TOKEN_TYPES[name] === uri);
}
