import type { Instant } from "../base/clock.ts";
import type { JsonMembers, JsonObject } from "../base/json.ts";
import { UnavailableError } from "../base/unavailable.ts";
import type { KeyUse } from "../store/port.ts";
import type { Emit } from "../telemetry/events.ts";
import type { JwtType } from "../token/jwt-type.ts";

/** The JWS algorithms that a tenant can sign with (RFC 7518 section 3.1, RFC 8037, RFC 9864, RFC 9964). */
export type SigningAlgorithm = "RS256" | "PS256" | "ES256" | "ES384" | "ES512" | "Ed25519" | "EdDSA" | "ML-DSA-44";

/** The algorithm that authenticates refresh tokens and rows (RFC 7518 section 3.2). */
export const REFRESH_KEY_ALGORITHM = "HS256";

/** No key can be used now, but one will be: the caller may try again. */
export class KeyUnavailableError extends UnavailableError {
  override readonly name: string = "KeyUnavailableError";
  override readonly description = "No key is available at the moment. Try again.";
}

/** The stage of a key's life. Gone: nothing that it made can be alive. Compromised: nothing that it made is accepted. */
export type KeyState = "pending" | "active" | "retired" | "gone" | "compromised";

/** How a key takes over from the one before it. */
export type RotationMode = "graceful" | "immediate" | "compromised";

/** A rotation with every choice made. */
export interface RotationOrder {
  readonly mode: RotationMode;
  readonly use: KeyUse;
  /**
   * The leaked key, for the mode `compromised`; absent: the active one. A key without a kid is named by its generation.
   */
  readonly kid: string | undefined;
  /** Identifies the request, so that a retry is the same rotation on any node. */
  readonly request: string;
  /** Says what would happen, and changes nothing. */
  readonly dryRun: boolean;
}

/** What a rotation did, or would do. */
export interface Rotation {
  /** Every key of that use afterwards, oldest first. */
  readonly keys: readonly KeyDescription[];
  /** Until when a verifier with a cached JWKS may lack the new key; absent if none can. */
  readonly jwksStaleUntil: Instant | undefined;
  /** What the operator should know. */
  readonly warnings: readonly string[];
  /** Whether anything was changed. */
  readonly rotated: boolean;
}

/** The key that an operator names is not one of the tenant's. */
export class UnknownKeyError extends Error {
  override readonly name = "UnknownKeyError";
}

/** A key as operators see it, without any private part. */
export interface KeyDescription {
  /** The RFC 7638 thumbprint; absent for refresh keys. */
  readonly kid: string | undefined;
  readonly use: KeyUse;
  readonly generation: number;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly createdAt: Instant;
  readonly activateAt: Instant;
  /** When its successor takes over; absent while none is known. */
  readonly retireAt: Instant | undefined;
  /** When it leaves the JWKS, or is no longer needed; absent while no successor is known. */
  readonly removeAt: Instant | undefined;
}

/** The key that signs at one time. A request takes it once, so that all its tokens bear the same kid. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** Signs claims as a JWS in compact form with the header members alg, kid and typ (RFC 7515 section 7.1). */
  sign(claims: JsonMembers, typ: JwtType): Promise<string>;
  /**
   * The left half of the hash that goes with the algorithm, base64url (`at_hash`, OpenID Connect Core section 3.1.3.6).
   */
  leftHalfHash(text: string): string;
}

/** A public signing key as a JWK (RFC 7517) with kid, alg and use. */
export type PublicJwk = JsonObject;

/** A tenant's keys. `now` decides which of them are in use. */
export interface TenantKeyring {
  /** The key to sign with. Throws {@link KeyUnavailableError} if there is none. */
  signer(now: Instant): Signer;
  /** Returns the type and the claims of a JWT that this tenant's keys signed, or undefined. Checks neither expiry nor revocation. */
  verify(jwt: string, now: Instant): Promise<VerifiedJwt | undefined>;
  /** The published keys (RFC 7517 section 5). Throws {@link KeyUnavailableError} if they may be out of date. */
  jwks(now: Instant): { readonly keys: readonly PublicJwk[] };
  /**
   * The generation of the refresh key for new refresh tokens and rows. Throws {@link KeyUnavailableError} if there is
   * none.
   */
  macGeneration(now: Instant): number;
  /** Resolves once it is certain whether that generation exists: reads the keys if it is unknown. Undefined: it exists. */
  awaitRefreshKey(generation: number): Promise<unknown> | undefined;
  /** HMAC-SHA256 of a text under that generation's key, base64url; undefined if there is no such key. */
  mac(generation: number, text: string): string | undefined;
  /** Until when rows without a MAC are accepted; 0: none is. */
  oldRowsUntil(): Instant;
  /** Every key as of the last read: signing keys first, oldest first. */
  describe(now: Instant): readonly KeyDescription[];
  /** When the next key is due, as of the last read: nothing but an operator makes one before. */
  dueAt(now: Instant): Instant;
  /** Reads the keys again. */
  read(): Promise<void>;
  /** Reads the keys again, and makes the next one if it is due. Call it once per poll interval. */
  poll(): Promise<void>;
  /**
   * Does what an operator asks for, or says what that would do. Throws {@link UnknownKeyError} if the tenant has no
   * such key. `emit` tells of a compromised key.
   */
  rotate(order: RotationOrder, emit: Emit): Promise<Rotation>;
}

/** A JWT that one of this tenant's keys signed. */
export interface VerifiedJwt {
  readonly kid: string;
  /** What it is (RFC 8725 section 3.11), as whoever signed it wrote it: see {@link JwtType}. */
  readonly typ: string | undefined;
  readonly claims: JsonObject;
}
