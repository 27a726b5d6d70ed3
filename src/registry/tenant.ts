import type { JsonObject } from "../base/json.ts";
import { joinUrl } from "../base/url.ts";
import type { SigningAlgorithm } from "../keyring/port.ts";

/** What a tenant is, as configured. The engine knows tenants and clients by these shapes alone. */
export interface Tenant {
  /** `[a-z0-9][a-z0-9-]{0,62}`. */
  readonly id: string;
  /** The `iss` of its tokens: a URL, unique among tenants. */
  readonly issuer: string;
  readonly signing: SigningPolicy;
  /** For how long a key that authenticates refresh tokens is the one to use, in seconds. */
  readonly refreshKeyRotateEvery: number;
  /** Refuses a request with credentials both in the header and in the form (RFC 6749 section 2.3). */
  readonly strictClientAuthentication: boolean;
  /** A resource's name -> the scopes that it owns. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
  /** The trusted OpenID providers, by the name that callers use. */
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly clients: ReadonlyMap<string, Client>;
  /** The claim that carries a client's namespace. */
  readonly namespaceClaim: string;
  readonly limits: Limits;
  /** Who may rotate its keys, by id. */
  readonly operators: ReadonlyMap<string, Operator>;
}

/** How a tenant's signing keys follow one another. Times in seconds. */
export interface SigningPolicy {
  readonly algorithm: SigningAlgorithm;
  /** For how long a key signs. */
  readonly rotateEvery: number;
  /** For how long a key is published before it signs. */
  readonly publishAhead: number;
  /** For how long verifiers may keep the JWKS. */
  readonly jwksMaxAge: number;
}

/** Who rotates keys. Never a client. */
export interface Operator {
  readonly id: string;
  readonly secrets: readonly SecretHash[];
}

/** An OpenID provider whose id_tokens a tenant accepts. */
export interface Authority {
  readonly issuer: string;
  /** The `aud` values that are ours: at least one. */
  readonly audiences: readonly string[];
  /** The `azp` values that are ours: who may have asked for the id_token; absent: the audiences. */
  readonly authorizedParties?: readonly string[] | undefined;
  /** Put before the `sub` of the id_token. */
  readonly subjectPrefix: string;
  /** What follows the grant's name in `amr`. */
  readonly amr: readonly string[];
  /** Whether it may be at addresses of a private network. */
  readonly allowPrivateNetwork?: boolean;
}

/** How large a request and its tokens may be. */
export interface Limits {
  /** Bytes of all claims that a caller gives, as compact JSON in UTF-8. */
  readonly claimsBytes: number;
  /** How deep the JSON that a caller gives may be nested. */
  readonly claimsDepth: number;
  /** How many claims a caller may give. */
  readonly claimsCount: number;
  /** Characters of all scopes, joined by spaces. */
  readonly scopeLength: number;
  /** Characters of a subject. */
  readonly subjectLength: number;
  /** Characters of a client id, and of a secret. */
  readonly credentialLength: number;
  /** Bytes of an issued token from which a warning is logged. */
  readonly tokenWarnBytes: number;
  /** Bytes of an issued token that are refused. */
  readonly tokenMaxBytes: number;
}

/** How one of a client's secrets is kept. Plain text never is. */
export type SecretHash =
  | { readonly kind: "sha256"; readonly digest: Uint8Array }
  | {
      readonly kind: "scrypt";
      /** log2 of the cost N. */
      readonly logN: number;
      readonly r: number;
      readonly p: number;
      readonly salt: Uint8Array;
      readonly digest: Uint8Array;
    };

/** Whether an access token is verified by its signature or looked up by its handle. */
export type AccessTokenType = "jwt" | "reference";

/** A client's registration: what it may ask for, and how its tokens are made. Lifetimes in seconds. */
export interface Client {
  readonly id: string;
  /** The mark that it shares with a group of clients. */
  readonly namespace: string | undefined;
  readonly secrets: readonly SecretHash[];
  /** False: the secret may be left out. */
  readonly requireSecret: boolean;
  readonly enabled: boolean;
  /** The grant types that it may use. */
  readonly grants: ReadonlySet<string>;
  /** The scopes that it may ask for; `*`: any. */
  readonly scopes: ReadonlySet<string> | "*";
  /** Whether `offline_access`, and with it a refresh token, may be asked for. */
  readonly allowOfflineAccess: boolean;
  readonly accessTokenType: AccessTokenType;
  readonly accessTokenLifetime: number;
  readonly idTokenLifetime: number;
  /** How long a grant can be refreshed at most, from its mint. */
  readonly absoluteRefreshTokenLifetime: number;
  /** How long a refresh token waits to be used. */
  readonly slidingRefreshTokenLifetime: number;
  readonly refreshTokenUsage: "rotate" | "reuse";
  /** For how long a retry with the last refresh token gets the same answer. */
  readonly refreshGrace: number;
  /** False: a refresh needs no secret. */
  readonly requireRefreshSecret: boolean;
  /** The issuers that arbitrary_token may name beside the tenant's own. */
  readonly allowedIssuers: ReadonlySet<string>;
  /** Globs of the audiences that it may ask for; absent: any. */
  readonly allowedAudiences: readonly string[] | undefined;
  /** Globs of the subjects that it may mint for; absent: any. */
  readonly allowedSubjects: readonly string[] | undefined;
  /** The claims that it may set though they are reserved for the mint. */
  readonly allowedClaims: ReadonlySet<string>;
  /** How many grants, reference tokens and revocations it may have at once; absent: any number. */
  readonly maxGrants?: number | undefined;
  readonly maxReferenceTokens?: number | undefined;
  readonly maxRevocations?: number | undefined;
  /** Bytes of an issued token that are refused, if lower than the tenant's. */
  readonly maxTokenBytes: number | undefined;
  /** Fixed claims by grant type; `*`: for all grants. */
  readonly claims: ReadonlyMap<string, JsonObject>;
  /** Whose access tokens it may introspect: its own, the whole tenant's, or those for the named resources too. */
  readonly introspection: "own" | "tenant" | readonly string[];
}

/** The audience that every token has unless its caller says otherwise. */
export function ownResources(tenant: Tenant): string {
  return joinUrl(tenant.issuer, "resources");
}
