import type { JsonObject, JsonValue } from "../base/json.ts";
import type { RotationMode } from "../keyring/port.ts";
import type { KeyUse } from "../store/port.ts";

export type { KeyDescription, KeyState, Rotation, RotationMode } from "../keyring/port.ts";
export type { KeyUse } from "../store/port.ts";

/** What a door could not read as the parameter's type. */
export class InvalidValue {
  /** What is wrong, in a few words, if more can be said than that it is malformed. */
  readonly reason: string | undefined;

  constructor(reason?: string) {
    this.reason = reason;
  }
}

/**
 * Who calls, as it came with the request. A door passes on what it was given, and nothing that was empty: which of two
 * credentials counts, and whether it is well-formed, is for the engine.
 */
export interface Caller {
  /** The `Authorization` header or metadata, whole. */
  readonly authorization?: string | undefined;
  /** The form's `client_id`. */
  readonly clientId?: string | undefined;
  /** The form's `client_secret`. */
  readonly clientSecret?: string | undefined;
  /** The IP address that the request came from: its socket's, or what trusted proxies say. */
  readonly remoteAddress?: string | undefined;
  /** Names the request in the log and in the answer: 1 to 128 safe characters. */
  readonly requestId?: string | undefined;
  /** `traceparent` and `tracestate` (W3C Trace Context), as they came. */
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
}

/**
 * A request of the token endpoint for an extension grant, whichever door it came through. An absent member was not
 * given or was empty. Names and meanings are those of the wire, in camelCase.
 */
export interface MintRequest {
  readonly grantType?: string | undefined;
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  /** One an entry. */
  readonly scopes?: readonly string[] | undefined;
  /** A well-formed one is an object; which values it may hold is the grant's matter. */
  readonly arbitraryClaims?: JsonValue | InvalidValue | undefined;
  readonly arbitraryJson?: JsonValue | InvalidValue | undefined;
  readonly customPayload?: JsonValue | InvalidValue | undefined;
  readonly arbitraryAmrs?: JsonValue | InvalidValue | undefined;
  readonly arbitraryAudiences?: JsonValue | InvalidValue | undefined;
  /** In seconds; `NaN` when it is not a number, and not whole when it was not. */
  readonly accessTokenLifetime?: number | undefined;
  /** In seconds; `NaN` when it is not a number, and not whole when it was not. */
  readonly idTokenLifetime?: number | undefined;
  readonly accessTokenType?: string | undefined;
  readonly accessToken?: string | undefined;
  readonly authority?: string | undefined;
  readonly idToken?: string | undefined;
}

/** A parameter of a MintRequest, by its name in code. */
export type MintParameter = Exclude<keyof MintRequest, "grantType">;

/** What a mint or a refresh answers (RFC 6749 section 5.1). */
export interface TokenSet {
  readonly accessToken: string;
  /** How the access token is used (RFC 6749 section 7.1). */
  readonly tokenType: string;
  /** Seconds that the access token lives. */
  readonly expiresIn: number;
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** The granted scopes. */
  readonly scopes: readonly string[];
}

/** The grant type of a refresh (RFC 6749 section 6), which every tenant has beside those that mint. */
export const REFRESH_GRANT_TYPE = "refresh_token";

/** A refresh (RFC 6749 section 6). */
export interface RefreshRequest {
  readonly refreshToken?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** An introspection (RFC 7662 section 2.1). */
export interface IntrospectRequest {
  readonly token?: string | undefined;
  readonly tokenTypeHint?: string | undefined;
}

/** What an introspection answers (RFC 7662 section 2.2): `{ active: false }` alone, or the token's claims too. */
export type Introspection = JsonObject & { readonly active: boolean };

/** A rotation that an operator asks for. */
export interface RotateRequest {
  /** Absent: graceful. */
  readonly mode?: RotationMode | undefined;
  /** Absent: signing. */
  readonly use?: KeyUse | undefined;
  /** The leaked key, for a compromised one. Absent: the active one. */
  readonly kid?: string | undefined;
  /** Plans, and changes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Makes a retried call the same rotation. */
  readonly idempotencyKey?: string | undefined;
}

/** A revocation of all that a client minted, which an operator asks for. */
export interface RevokeClientRequest {
  /** The client's id. It need not be configured any more. */
  readonly client?: string | undefined;
}

/** What a revocation of a client answers. */
export interface ClientRevocation {
  /** What the operator should know. */
  readonly warnings: readonly string[];
}

/** A revocation (RFC 7009 section 2.1). */
export interface RevokeRequest {
  readonly token?: string | undefined;
  readonly tokenTypeHint?: string | undefined;
  readonly revokeAllSubjects?: boolean | undefined;
}
