import type { Instant } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import { UnavailableError } from "../base/unavailable.ts";
import type { KeyUse } from "../store/port.ts";

/** The JWS algorithms that a tenant can sign with (RFC 7518 section 3.1, RFC 8037). */
export type SigningAlgorithm = "RS256" | "PS256" | "ES256" | "ES384" | "EdDSA";

/** What refresh tokens are authenticated with, and rows proven (RFC 7518 section 3.2). */
export const REFRESH_KEY_ALGORITHM = "HS256";

/** No key can be used at the moment, though one will be: the caller may try again. */
export class KeyUnavailableError extends UnavailableError {
  override readonly name: string = "KeyUnavailableError";
  override readonly description = "No key can be used at the moment. Try again.";
}

/** Where a key is in its life. Gone: nothing that it made can be alive. Compromised: nothing that it made is accepted. */
export type KeyState = "pending" | "active" | "retired" | "gone" | "compromised";

/** How a key takes over from the one before it. */
export type RotationMode = "graceful" | "immediate" | "compromised";

/** A rotation, fully said. */
export interface RotationOrder {
  readonly mode: RotationMode;
  readonly use: KeyUse;
  /** The leaked key of a compromised rotation; absent: the active one. A key without a kid is named by its generation. */
  readonly kid: string | undefined;
  /** Names the request, so that its retry is the same rotation on any node. */
  readonly request: string;
  /** Plans, and changes nothing. */
  readonly dryRun: boolean;
}

/** What a rotation did, or would do. */
export interface Rotation {
  /** Every key of that use after it, oldest first. */
  readonly keys: readonly KeyDescription[];
  /** Until when a verifier with a cached JWKS may lack the new key; absent if none can. */
  readonly jwksStaleUntil: Instant | undefined;
  /** What the operator should know. */
  readonly warnings: readonly string[];
  /** Whether anything was changed. */
  readonly rotated: boolean;
}

/** The key that an operator names is none of the tenant's. */
export class UnknownKeyError extends Error {
  override readonly name = "UnknownKeyError";
}

/** A key as operators see it: never a private part. */
export interface KeyDescription {
  /** The RFC 7638 thumbprint; absent for the keys of refresh tokens. */
  readonly kid: string | undefined;
  readonly use: KeyUse;
  readonly generation: number;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly createdAt: Instant;
  readonly activateAt: Instant;
  /** When its successor takes over; absent while none is known. */
  readonly retireAt: Instant | undefined;
  /** When it leaves the JWKS, or is needed no longer; absent while no successor is known. */
  readonly removeAt: Instant | undefined;
}

/** The key that signs at one moment: a request takes it once, so that all its tokens bear the same kid. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** A JWS in compact form with the header members alg, kid and typ (RFC 7515 section 7.1). */
  sign(claims: JsonObject): Promise<string>;
  /** base64url of the left half of the hash that goes with the algorithm (OpenID Connect Core section 3.1.3.6, `at_hash`). */
  leftHalfHash(text: string): string;
}

/** A public signing key as a JWK (RFC 7517) with kid, alg and use. */
export type PublicJwk = JsonObject;

/** A tenant's keys. `now` decides which of them are in use. */
export interface TenantKeyring {
  /** The key to sign with. Throws {@link KeyUnavailableError} if none is. */
  signer(now: Instant): Signer;
  /** The claims of a JWT that this tenant's keys signed, or undefined. Says nothing of its time or revocation. */
  verify(jwt: string, now: Instant): Promise<VerifiedJwt | undefined>;
  /** The published keys (RFC 7517 section 5). Throws {@link KeyUnavailableError} if they may be out of date. */
  jwks(now: Instant): { readonly keys: readonly PublicJwk[] };
  /** The generation of the key that authenticates new refresh tokens and rows. */
  macGeneration(now: Instant): number;
  /** Resolves once it is known whether there is such a generation: reads the keys if it is not known yet. */
  awaitRefreshKey(generation: number): Promise<void>;
  /** HMAC-SHA256 of a text under that generation's key, base64url; undefined if there is no such key. */
  mac(generation: number, text: string): string | undefined;
  /** Until when rows of the store that have no MAC are taken; 0: none is. */
  oldRowsUntil(): Instant;
  /** Every key as it was last read: signing keys first, oldest first. */
  describe(now: Instant): readonly KeyDescription[];
  /** Reads the keys again. */
  read(): Promise<void>;
  /** Reads the keys again, and makes the next one if it is due. Call it every poll. */
  poll(): Promise<void>;
  /** Does what an operator asks for, or plans it. Throws {@link UnknownKeyError} if the named key is none. */
  rotate(order: RotationOrder): Promise<Rotation>;
}

/** A JWT whose signature is one of this tenant's. */
export interface VerifiedJwt {
  readonly kid: string;
  readonly claims: JsonObject;
}
