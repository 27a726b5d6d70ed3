import type { JsonValue } from "../base/json.ts";
import type { JwtType } from "./jwt-type.ts";

/** Everything in which the profiles of access tokens differ. */
interface Profile {
  /** The `typ` of its JWTs. */
  readonly typ: JwtType;
  /** Whether a token without a subject is its client's own: it has the client's id as its `sub`. */
  readonly isOfClient: boolean;
  /** The claim `scope`. */
  scopeClaim(scopes: readonly string[]): JsonValue;
}

/** The profiles, by the names that the configuration has for them. */
export const ACCESS_TOKEN_PROFILES = {
  legacy: { typ: "JWT", isOfClient: false, scopeClaim: (scopes) => scopes },
  // RFC 9068 section 2.1; 2.2; and 2.2.3, which has RFC 8693 section 4.2 say what the claim is.
  rfc9068: { typ: "at+jwt", isOfClient: true, scopeClaim: (scopes) => scopes.join(" ") },
} as const satisfies Readonly<Record<string, Profile>>;

/** The name of a profile. */
export type AccessTokenProfile = keyof typeof ACCESS_TOKEN_PROFILES;

/** The types that the JWTs among access tokens have, in any profile. */
const TYPES: ReadonlySet<unknown> = new Set(Object.values(ACCESS_TOKEN_PROFILES).map(({ typ }) => typ));

/** Whether a JWT of that `typ` can be an access token. */
export function isAccessTokenType(typ: unknown): boolean {
  return TYPES.has(typ);
}
