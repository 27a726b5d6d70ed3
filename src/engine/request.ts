import type { Instant } from "../base/clock.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import type { RotationMode } from "../keyring/port.ts";
import type { PresentedCertificate } from "../possession/client-certificate.ts";
import type { KeyUse } from "../store/port.ts";

/** A parameter whose value a door could not parse. */
export class InvalidValue {
  /** The reason, if there is more to say than that the value is malformed. */
  readonly reason: string | undefined;

  constructor(reason?: string) {
    this.reason = reason;
  }
}

/** Proofs as they were received: more than one is for the engine to refuse. */
export interface PresentedProofs {
  readonly proofs: readonly string[];
  readonly method: string;
  /** The request's URLs as clients know it, without query. */
  readonly urls: readonly string[];
}

/**
 * Who calls, as the request says. A door passes on what it received and leaves out what was empty; the engine decides
 * which credentials count, and whether they are well-formed, so that both doors decide alike.
 */
export interface Caller {
  /** The whole value of the `Authorization` header or metadata. */
  readonly authorization?: string | undefined;
  /** The form's `client_id`, or what the metadata says beside an assertion. */
  readonly clientId?: string | undefined;
  /** The form's `client_secret`. */
  readonly clientSecret?: string | undefined;
  /** What the client proves itself with instead of a secret, and of what kind that is (RFC 7521 section 4.2). */
  readonly clientAssertion?: string | undefined;
  readonly clientAssertionType?: string | undefined;
  /** The `DPoP` headers, and the request that they must be proofs for (RFC 9449 section 4). Absent: there are none. */
  readonly dpop?: PresentedProofs | undefined;
  /** The certificate that it has shown (RFC 8705). */
  readonly certificate?: PresentedCertificate | undefined;
  /** The caller's IP address: the peer's, or the one that trusted proxies report. */
  readonly remoteAddress?: string | undefined;
  /** Identifies the request in the log and in the answer: 1 to 128 safe characters. */
  readonly requestId?: string | undefined;
  /** `traceparent` and `tracestate` (W3C Trace Context), unchanged. */
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
}

/**
 * A token request with an extension grant, from either door. An absent member was not sent, or was empty. Names and
 * meanings are those of the wire, in camelCase.
 */
export interface MintRequest {
  readonly grantType?: string | undefined;
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  /** One scope per entry. */
  readonly scopes?: readonly string[] | undefined;
  /** `resource` (RFC 8707 section 2), one per entry. */
  readonly resources?: readonly string[] | undefined;
  /** An object if well-formed; the grant decides which values it may hold. */
  readonly arbitraryClaims?: JsonValue | InvalidValue | undefined;
  readonly arbitraryJson?: JsonValue | InvalidValue | undefined;
  readonly customPayload?: JsonValue | InvalidValue | undefined;
  readonly arbitraryAmrs?: JsonValue | InvalidValue | undefined;
  readonly arbitraryAudiences?: JsonValue | InvalidValue | undefined;
  /** Seconds. `NaN` if it was not a number; a fraction is kept, so that it can be refused. */
  readonly accessTokenLifetime?: number | undefined;
  /** Seconds, as for the access token. */
  readonly idTokenLifetime?: number | undefined;
  readonly accessTokenType?: string | undefined;
  readonly accessToken?: string | undefined;
  readonly authority?: string | undefined;
  readonly idToken?: string | undefined;
  /** A JWT that stands for a user's permission (RFC 7521 section 4.1). */
  readonly assertion?: string | undefined;
  /** The key that the access token is bound to, as `cnf` says it (RFC 7800 section 3.1). */
  readonly confirmation?: JsonValue | InvalidValue | undefined;
  /** RFC 8693 section 2.1. */
  readonly subjectToken?: string | undefined;
  readonly subjectTokenType?: string | undefined;
  readonly actorToken?: string | undefined;
  readonly actorTokenType?: string | undefined;
  readonly requestedTokenType?: string | undefined;
  /** The values of `audience`: where the token is to be used. */
  readonly audiences?: readonly string[] | undefined;
  /** Objects if well-formed (draft-ietf-oauth-transaction-tokens-10, "Txn-Token Request"). */
  readonly requestContext?: JsonValue | InvalidValue | undefined;
  readonly requestDetails?: JsonValue | InvalidValue | undefined;
}

/** A parameter of a MintRequest, by its name in code. */
export type MintParameter = Exclude<keyof MintRequest, "grantType">;

/** The answer to a mint or a refresh (RFC 6749 section 5.1). */
export interface TokenSet {
  /** What was issued: an access token, unless `issuedTokenType` says otherwise. */
  readonly accessToken: string;
  /** How it is used (RFC 6749 section 7.1); `N_A`: it is not an access token (RFC 8693 section 2.2.1). */
  readonly tokenType: string;
  /** Its lifetime, in seconds. */
  readonly expiresIn: number;
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** The granted scopes. */
  readonly scopes: readonly string[];
  /** What `accessToken` is, if the grant says so (RFC 8693 section 2.2.1). A refresh never says so. */
  readonly issuedTokenType?: string | undefined;
  /** What the client's next DPoP proof must have as its nonce (RFC 9449 section 8.2); absent: nothing. */
  readonly dpopNonce?: string | undefined;
}

/** The grant type of a refresh (RFC 6749 section 6), which every tenant has besides its extension grants. */
export const REFRESH_GRANT_TYPE = "refresh_token";

/** A refresh (RFC 6749 section 6). */
export interface RefreshRequest {
  readonly refreshToken?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
}

/** An introspection (RFC 7662 section 2.1). */
export interface IntrospectRequest {
  readonly token?: string | undefined;
  readonly tokenTypeHint?: string | undefined;
}

/** The answer to an introspection (RFC 7662 section 2.2): `{ active: false }` alone, or the token's claims too. */
export type Introspection = JsonObject & { readonly active: boolean };

/** The answer to an introspection, and a JWT that says the same (RFC 9701 section 5). */
export interface SignedIntrospection {
  readonly introspection: Introspection;
  readonly jwt: string;
}

/** An operator's request to rotate a key. */
export interface RotateRequest {
  /** Absent: graceful. */
  readonly mode?: RotationMode | undefined;
  /** Absent: signing. */
  readonly use?: KeyUse | undefined;
  /** The leaked key, for the mode `compromised`. Absent: the active one. */
  readonly kid?: string | undefined;
  /** Says what would happen, and changes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Makes a retry the same rotation as the first call. */
  readonly idempotencyKey?: string | undefined;
}

/** An operator's request to revoke everything that a client minted. */
export interface RevokeClientRequest {
  /** The client's id. The client may no longer be configured. */
  readonly client?: string | undefined;
}

/** The answer to a revocation of a client. */
export interface ClientRevocation {
  /** What the operator should know. */
  readonly warnings: readonly string[];
}

/** An operator's request for a page of grants: those of a subject, of a client, or of both. */
export interface ListGrantsRequest {
  readonly subject?: string | undefined;
  readonly client?: string | undefined;
  /** The most grants of the page; absent: the mint decides. */
  readonly pageSize?: number | undefined;
  /** Where the page before ended, as its answer says; absent: the first page. */
  readonly pageToken?: string | undefined;
}

/** A grant that can be refreshed, as operators see it: never with a token. */
export interface GrantDescription {
  /** Identifies the grant; the part of its tokens' `jti` after the dot. */
  readonly id: string;
  readonly client: string;
  readonly namespace: string | undefined;
  readonly subject: string | undefined;
  readonly scopes: readonly string[];
  /** `suspended`: its client is disabled, or not configured; `unreadable`: a newer program wrote it. */
  readonly state: "active" | "suspended" | "expired" | "revoked" | "unreadable";
  readonly mintedAt: Instant;
  /** When it was last refreshed; undefined: never. */
  readonly refreshedAt: Instant | undefined;
  /** When its refresh token expires. */
  readonly expiresAt: Instant;
  /** When it was revoked itself, rather than with its subject, its client or its key. */
  readonly revokedAt: Instant | undefined;
}

/** A page of grants, the last minted first. */
export interface GrantPage {
  readonly grants: readonly GrantDescription[];
  /** Undefined on the last page. */
  readonly nextPageToken: string | undefined;
}

/** An operator's request to end a grant. */
export interface RevokeGrantRequest {
  readonly grant?: string | undefined;
}

/** A revocation (RFC 7009 section 2.1). */
export interface RevokeRequest {
  readonly token?: string | undefined;
  readonly tokenTypeHint?: string | undefined;
  readonly revokeAllSubjects?: boolean | undefined;
}
