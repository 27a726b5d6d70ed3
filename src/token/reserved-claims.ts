/** The names that the mint sets itself, in lower case; the tenant's namespace claim comes on top. */
const OWN = `
  active amr at_hash aud auth_time azp c_hash client_id client_namespace cnf custom_payload derived_from exp iat idp iss
  jti nbf nonce
  reference_token_id scope sid sub token_type username`;

/** The claim that holds a caller's nested JSON, by a parameter of its own. */
export const CUSTOM_PAYLOAD = "custom_payload";

/**
 * Names that other specifications give a meaning that only the mint may assert: who acts for whom (RFC 8693), hashes of
 * an id_token, where other claims are found, what a selective disclosure hides (RFC 9901).
 */
const OTHERS = `
  act s_hash sub_jwk _claim_names _claim_sources _sd _sd_alg`;

/**
 * Names that .NET's inbound claim map turns into subject, scope, authentication method or time, or identity provider,
 * and the names that it turns them into. `role` and its URI are left to the caller.
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
 * Reserved, except for clients that are allowed them by name: a deployment may need them, and its verifiers know what
 * they mean. In the first line, `user_name` and `scp` are Spring's, and .NET maps the others. The second line belongs to
 * security events, logout tokens, transaction tokens, status lists and rich authorization. `may_act` (RFC 8693 section
 * 4.4) says who may act for the subject: the mint honours it, but only whoever knows the subject can say it.
 */
export const ALLOWABLE_CLAIMS = [
  ...(["acr", "authmethod", "nameid", "oid", "scp", "tid", "user_name"] as const),
  "may_act",
  ...(["authorization_details", "events", "rctx", "req_wl", "status", "sub_id", "tctx", "toe", "txn", "vct"] as const),
] as const;

/** All reserved names; the tenant's namespace claim comes on top. */
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
 * A character that is invisible or changes the direction of the text around it, or a space at either end. People take
 * such a name for another one, and so do readers that trim or fold names (Unicode's NFKC_Casefold drops ignorable
 * characters).
 */
const UNTIDY = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]|^\s|\s$/u;

/**
 * Whether only the mint may set a claim, whatever the case or compatibility form of its name: some verifiers ignore
 * those, and must not take a caller's claim for the mint's. No caller may set an untidy name either. `allowed`: see
 * {@link ALLOWABLE_CLAIMS}; these names match exactly.
 */
export function isReservedClaim(name: string, namespaceClaim: string, allowed?: ReadonlySet<string>): boolean {
  if (allowed?.has(name)) return false;
  const folded = foldName(name);
  return !isTidy(name) || RESERVED_CLAIMS.has(folded) || folded === foldName(namespaceClaim);
}

/** Whether nobody takes a name for another one that looks or folds the same; see {@link UNTIDY}. */
export function isTidy(name: string): boolean {
  return PLAIN.test(name) || !(UNTIDY.test(name) || UNTIDY.test(foldName(name)));
}

/** Most names. Nothing in them folds or is untidy, and that is found out in a seventh of the time. */
const PLAIN = /^[a-z0-9_]*$/;

/**
 * Folds a claim's name as readers do that ignore case and compatibility forms (NFKC). Goes through upper case, so that
 * letters such as the long s fold too.
 */
export function foldName(name: string): string {
  if (PLAIN.test(name)) return name;
  const lower = name.normalize("NFKC").toUpperCase().toLowerCase();
  // To Java, a capital I with a dot equals an i, although its lower case keeps the dot.
  return lower.replace(/(?<=i)\u0307/g, "").normalize("NFKC");
}
