/** The names that the mint owns, in lower case, beside the tenant's mark claim. */
const OWN = `
  active amr at_hash aud auth_time azp c_hash client_id client_namespace cnf custom_payload exp iat idp iss jti nbf nonce
  reference_token_id scope sid sub token_type username`;

/** The claim that holds a caller's nested JSON, by a parameter of its own. */
export const CUSTOM_PAYLOAD = "custom_payload";

/**
 * Names that say elsewhere what only the mint may say: who acts for whom (RFC 8693), hashes of an id_token, where other
 * claims are, what a selective disclosure hides (RFC 9901).
 */
const OTHERS = `
  act may_act s_hash sub_jwk _claim_names _claim_sources _sd _sd_alg`;

/**
 * What .NET's inbound claim map makes subject, scope, authentication method or time, and identity provider of, and what
 * it makes of them. `role` and its URI are the caller's.
 */
const DOTNET = `
  appidacr actort
  http://schemas.microsoft.com/accesscontrolservice/2010/07/claims/identityprovider
  http://schemas.microsoft.com/claims/authnclassreference
  http://schemas.microsoft.com/claims/authnmethodsreferences
  http://schemas.microsoft.com/identity/claims/identityprovider
  http://schemas.microsoft.com/identity/claims/objectidentifier
  http://schemas.microsoft.com/identity/claims/scope
  http://schemas.microsoft.com/identity/claims/tenantid
  http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant
  http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod
  http://schemas.xmlsoap.org/ws/2005/05/identity/claims/authenticationinstant
  http://schemas.xmlsoap.org/ws/2005/05/identity/claims/authenticationmethod
  http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier
  http://schemas.xmlsoap.org/ws/2009/09/identity/claims/actor`;

/**
 * Reserved, but for the clients that are allowed them by name: a deployment may need them, and its verifiers know what
 * they mean. `user_name` and `scp` are Spring's; .NET maps the others of the first line. The second line is what security
 * events, logout tokens, transaction tokens, status lists and rich authorization say.
 */
export const ALLOWABLE_CLAIMS = [
  ...(["acr", "authmethod", "nameid", "oid", "scp", "tid", "user_name"] as const),
  ...(["authorization_details", "events", "rctx", "req_wl", "status", "sub_id", "tctx", "toe", "txn", "vct"] as const),
] as const;

/** All of them, beside the tenant's mark claim. */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  ...words(OWN),
  ...words(OTHERS),
  ...words(DOTNET),
  ...ALLOWABLE_CLAIMS,
]);

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/**
 * A character anywhere that is not seen, or turns the text about it, or a blank at an end: a name that people, and readers
 * which trim or fold (Unicode's NFKC_Casefold drops what can be ignored), take for another.
 */
const UNTIDY = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]|^\s|\s$/u;

/**
 * Whether only the mint may set a claim, whatever the case or the compatible form of its name: some verifiers read claims
 * without regard to those, and none must be led to take a caller's claim for the mint's. No caller may set an untidy name
 * either. `allowed`: see {@link ALLOWABLE_CLAIMS}; it takes them as they are written.
 */
export function isReservedClaim(name: string, namespaceClaim: string, allowed?: ReadonlySet<string>): boolean {
  if (allowed?.has(name)) return false;
  const folded = foldName(name);
  return UNTIDY.test(name) || UNTIDY.test(folded) || RESERVED_CLAIMS.has(folded) || folded === foldName(namespaceClaim);
}

/**
 * A claim's name as those see it who read names without regard to case and compatible forms (NFKC). By way of upper case,
 * so that letters such as the long s, which only upper case tells, fold too.
 */
export function foldName(name: string): string {
  const lower = name.normalize("NFKC").toUpperCase().toLowerCase();
  // A capital I with a dot is an i, as Java compares, though its lower case keeps the dot.
  return lower.replace(/(?<=i)\u0307/g, "").normalize("NFKC");
}
