import type { Instant } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import type { Rate } from "../base/rate.ts";
import { joinUrl } from "../base/url.ts";
import type { AccessTokenProfile } from "../token/access-token-profile.ts";
import type { TokenTypeName } from "../token/token-types.ts";
import type { ClientPossession, DpopPolicy } from "./possession.ts";
import type { PublicKeys, Workload, WorkloadIssuer } from "./public-keys.ts";
import type { SigningPolicy } from "./signing-policy.ts";

/** A tenant, as configured. The engine knows tenants and clients only by these types. */
export interface Tenant {
  /** `[a-z0-9][a-z0-9-]{0,62}`. */
  readonly id: string;
  /** The `iss` of its tokens: a URL, unique among tenants. */
  readonly issuer: string;
  /** The URL of its token endpoint. */
  readonly tokenEndpoint: string;
  readonly signing: SigningPolicy;
  /** How long a key authenticates new refresh tokens, in seconds. */
  readonly refreshKeyRotateEvery: number;
  readonly dpop: DpopPolicy;
  /** Refuses a request with credentials both in the header and in the form (RFC 6749 section 2.3). */
  readonly strictClientAuthentication: boolean;
  /** A resource's name -> the scopes that it owns. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
  /** The trusted OpenID providers, by the name that callers use. */
  readonly authorities: ReadonlyMap<string, Authority>;
  /** Those whose workloads may be clients, by the name that clients' registrations use. */
  readonly workloadIssuers: ReadonlyMap<string, WorkloadIssuer>;
  readonly clients: ReadonlyMap<string, Client>;
  /** Members of clients' entries, in the words of the file, for clients that leave them out. */
  readonly clientDefaults: JsonObject;
  /** The `aud` of its transaction tokens: whose workloads they are for. Absent: it issues none. */
  readonly trustDomain?: string | undefined;
  /** The claim that carries a client's namespace. */
  readonly namespaceClaim: string;
  readonly limits: Limits;
  readonly rateLimits: RateLimits;
  /** Who may rotate its keys, by id. */
  readonly operators: ReadonlyMap<string, Operator>;
}

/**
 * What an operator may do: `keys`: rotate keys, and revoke what leaked ones signed; `clients` and `tenants`: register
 * and change them; `read`: look at everything.
 */
export const OPERATOR_ROLES = ["keys", "clients", "tenants", "read"] as const;

/** One of {@link OPERATOR_ROLES}. */
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** Someone who runs the mint. Never a client. */
export interface Operator {
  readonly id: string;
  readonly roles: ReadonlySet<OperatorRole>;
  /** The ids of the tenants for which it may do so, whether there are such tenants or not; `*`: all. */
  readonly tenants: ReadonlySet<string> | "*";
  readonly secrets: readonly SecretHash[];
}

/** Where operators prove who they are: in a tenant, or in the mint as a whole. */
export interface Realm extends Pick<Tenant, "id" | "operators" | "rateLimits"> {
  readonly limits: Pick<Limits, "credentialLength">;
}

/** An OpenID provider whose id_tokens a tenant accepts. */
export interface Authority {
  readonly issuer: string;
  /** The `aud` values that are accepted: at least one. */
  readonly audiences: readonly string[];
  /** The `azp` values that are accepted: who may ask for an id_token. Absent: the audiences. */
  readonly authorizedParties?: readonly string[] | undefined;
  /** Put before the `sub` of the id_token. */
  readonly subjectPrefix: string;
  /**
   * Whether its JWTs for this mint are taken by the grant jwt-bearer, and how often each: `reusable` ones without a `jti`
   * until they expire. Absent: none.
   */
  readonly assertions?: "none" | "once" | "reusable" | undefined;
  /** What is added to `amr` after the grant's name. */
  readonly amr: readonly string[];
  /** Whether it may be at addresses in a private network. */
  readonly allowPrivateNetwork?: boolean;
}

/** How large a request and its tokens may be. Each is the most that is allowed. */
export interface Limits {
  /** Bytes of all claims that a caller gives, as compact JSON in UTF-8. */
  readonly claimsBytes: number;
  /** Levels of nesting in the JSON that a caller gives. */
  readonly claimsDepth: number;
  /** Claims that a caller gives. */
  readonly claimsCount: number;
  /** Characters of all scopes, joined by spaces. */
  readonly scopeLength: number;
  /** Characters of a subject. */
  readonly subjectLength: number;
  /** Characters of a client id, and of a secret. */
  readonly credentialLength: number;
  /** Bytes of an issued token above which a warning is logged. */
  readonly tokenWarnBytes: number;
  /** Bytes of an issued token. */
  readonly tokenMaxBytes: number;
}

/** The limits on how often something may happen, by their names in the configuration: there are no others. */
export type LimitName =
  | "failed_authentication_per_client"
  | "failed_authentication_per_address"
  | "mint_per_client"
  | "requests_per_client";

/** How often something may happen, at all of these rates. An empty list: any number of times. */
export type RateLimits = Readonly<Record<LimitName, readonly Rate[]>>;

/** The limits that a client may have of its own. */
export interface ClientRateLimits {
  readonly mint_per_client?: readonly Rate[] | undefined;
  readonly requests_per_client?: readonly Rate[] | undefined;
}

/** A hash of a secret. Plain text is never kept. */
export type SecretHash = SecretTimes &
  (
    | { readonly kind: "sha256"; readonly digest: Uint8Array }
    | {
        readonly kind: "scrypt";
        /** log2 of the cost N. */
        readonly logN: number;
        readonly r: number;
        readonly p: number;
        readonly salt: Uint8Array;
        readonly digest: Uint8Array;
      }
  );

/** From when on and until when a secret is accepted; absent: without a bound. */
interface SecretTimes {
  readonly notBefore?: Instant | undefined;
  readonly expiresAt?: Instant | undefined;
}

/** Whether an access token is a JWT, verified by its signature, or a handle, looked up in the store. */
export type AccessTokenType = "jwt" | "reference";

/** A client's registration: what it may ask for, and what its tokens look like. Lifetimes in seconds. */
export interface Client extends ClientPossession {
  readonly id: string;
  /** A name that it shares with a group of clients. */
  readonly namespace: string | undefined;
  readonly secrets: readonly SecretHash[];
  /** The keys that its assertions are signed with (RFC 7523 section 2.2); absent: it may not use any. */
  readonly keys?: PublicKeys | undefined;
  /** The workloads that are this client. */
  readonly workload: readonly Workload[];
  /** Whether `aud` of its assertions may be the token endpoint instead of the issuer. */
  readonly legacyAudience: boolean;
  /** False: the secret is optional. */
  readonly requireSecret: boolean;
  readonly enabled: boolean;
  /** The grant types that it may use. */
  readonly grants: ReadonlySet<string>;
  /** The scopes that it may ask for; `*`: any. */
  readonly scopes: ReadonlySet<string> | "*";
  /** What it gets from `client_credentials` if it asks for no scope (RFC 6749 section 3.3). */
  readonly defaultScopes: readonly string[];
  /** Whether it may ask for `offline_access`, and so for a refresh token. */
  readonly allowOfflineAccess: boolean;
  readonly accessTokenType: AccessTokenType;
  readonly accessTokenProfile: AccessTokenProfile;
  readonly accessTokenLifetime: number;
  readonly idTokenLifetime: number;
  /** How long a grant can be refreshed, from its mint. */
  readonly absoluteRefreshTokenLifetime: number;
  /** How long an unused refresh token lives. */
  readonly slidingRefreshTokenLifetime: number;
  readonly refreshTokenUsage: "rotate" | "reuse";
  /** How long a retry with the previous refresh token gets the same answer. */
  readonly refreshGrace: number;
  /** False: a refresh needs no secret. */
  readonly requireRefreshSecret: boolean;
  /** The issuers that arbitrary_token may name in addition to the tenant's own. */
  readonly allowedIssuers: ReadonlySet<string>;
  /** Globs of the audiences that it may ask for; absent: any, but as `resource` only those that the tenant has. */
  readonly allowedAudiences: readonly string[] | undefined;
  /**
   * Globs of the subjects that it may mint for; absent: any. The id of a client that gets tokens for itself must be
   * there word for word.
   */
  readonly allowedSubjects: readonly string[] | undefined;
  /** Reserved claims that it may set nevertheless. */
  readonly allowedClaims: ReadonlySet<string>;
  /** The most grants, reference tokens and revocations that are stored for it at once; absent: no limit. */
  readonly maxGrants?: number | undefined;
  readonly maxReferenceTokens?: number | undefined;
  readonly maxRevocations?: number | undefined;
  /** Absent: it may exchange nothing. */
  readonly tokenExchange?: TokenExchangePolicy | undefined;
  /** Its own limits, which count instead of the tenant's. */
  readonly rateLimits?: ClientRateLimits | undefined;
  /** The largest token that is issued, in bytes; the lower of this and the tenant's limit counts. */
  readonly maxTokenBytes: number | undefined;
  /** Fixed claims by grant type; `*`: for all grants. */
  readonly claims: ReadonlyMap<string, JsonObject>;
  /**
   * Which access tokens it may introspect: its own, all of the tenant's, or its own and those for the named resources.
   */
  readonly introspection: "own" | "tenant" | readonly string[];
}

/** What a client may exchange tokens for (RFC 8693). */
export interface TokenExchangePolicy {
  /** The types of tokens that it may exchange: none unless they are here. */
  readonly subjectTokens: readonly TokenTypeName[];
  /** The types of tokens that may prove who acts. */
  readonly actorTokens: readonly TokenTypeName[];
  /** The types of tokens that it may get. */
  readonly requestedTokens: readonly TokenTypeName[];
  /** Globs of the audiences that it may ask for. */
  readonly audiences: readonly string[];
  /** Whether the tokens must say who acts, must not, or both: `any`. */
  readonly mode: "delegation" | "impersonation" | "any";
  /** Whether it may ask for a refresh token: one that ends with the tokens that were exchanged. */
  readonly allowRefresh: boolean;
}

/** The grant type by which a client exchanges a token for another (RFC 8693). */
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** The grant type by which a client gets a token for itself (RFC 6749 section 4.4); `sub` is its id. */
export const CLIENT_CREDENTIALS = "client_credentials";

/** The path of the token endpoint, below the tenant's base. */
export const TOKEN_PATH = "/connect/token";

/** The default audience of every token. */
export function ownResources(tenant: Tenant): string {
  return joinUrl(tenant.issuer, "resources");
}
