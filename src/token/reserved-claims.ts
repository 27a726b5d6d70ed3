/** The names that the mint owns, in lower case, beside the tenant's mark claim. */
const RESERVED = new Set([
  "active",
  "amr",
  "at_hash",
  "aud",
  "auth_time",
  "azp",
  "c_hash",
  "client_id",
  "client_namespace",
  "cnf",
  "custom_payload",
  "exp",
  "iat",
  "idp",
  "iss",
  "jti",
  "nbf",
  "nonce",
  "reference_token_id",
  "scope",
  "sid",
  "sub",
  "token_type",
  "username",
  "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
]);

/**
 * Whether only the mint may set a claim, whatever the case of its name: some verifiers read claims without regard to
 * case, and none must be led to take a caller's claim for the mint's.
 */
export function isReservedClaim(name: string, markClaim: string): boolean {
  const folded = foldName(name);
  return RESERVED.has(folded) || folded === foldName(markClaim);
}

/**
 * A claim's name as those see it who read names without regard to case. By way of upper case, so that letters such as
 * the long s, which only upper case tells, fold too.
 */
export function foldName(name: string): string {
  return name.toUpperCase().toLowerCase();
}
