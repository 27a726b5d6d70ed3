import type { Instant } from "../base/clock.ts";
import { UnavailableError } from "../base/unavailable.ts";

/**
 * Where keys, grants, reference tokens and revocations are kept. `test/store/contract.ts` specifies it; every adapter
 * passes that suite. All operations throw {@link StoreUnavailableError} when the store cannot answer, and resolve only
 * once what they wrote is durable. Instants are milliseconds since the Unix epoch.
 */
export interface Store {
  /** By how many milliseconds the clocks of the nodes that share this store may differ at most. */
  readonly maxClockSkew: number;
  /**
   * Whether the machine's clock is known to be too far from the store's own. Absent: the store has no clock, and all who
   * share it share the machine's.
   */
  isClockOff?(): boolean;
  /** The tenant's own part. Below it nothing takes a tenant's id, so nothing can cross from one to another. */
  forTenant(tenant: string): TenantStore;
  /**
   * Deletes at most `limit` rows of any tenant whose time was over before `now`; resolves to how many it deleted: fewer
   * than `limit` only if no more are over. Families, reference tokens and revocations have fair shares.
   */
  sweep(now: Instant, limit: number): Promise<number>;
  close(): Promise<void>;
}

/** Whose numbers those are that are no tenant's: no tenant has that id. */
export const NO_TENANT = "";

/** All that is kept of one tenant. Nothing below takes the id of a tenant. */
export interface TenantStore {
  readonly keys: KeyStore;
  readonly families: FamilyStore;
  readonly referenceTokens: ReferenceTokenStore;
  readonly revocations: RevocationStore;
  readonly meta: MetaStore;
}

/**
 * The store gave no answer: it may have done what was asked, or not, or may do it yet. Its message names neither a
 * password nor a row.
 */
export class StoreUnavailableError extends UnavailableError {
  override readonly name = "StoreUnavailableError";
  override readonly description = "The token store cannot be reached. Try again.";
}

/**
 * The store cannot be opened until an operator mends something: its URL, its file system, or the version of this program.
 * The message says what, and never a password.
 */
export class StoreUnusableError extends Error {
  override readonly name = "StoreUnusableError";
}

/** What a key is for: signing tokens, or authenticating refresh tokens. */
export type KeyUse = "signing" | "refresh";

/** A key, written once. Its state is a function of time and of its successors, never of a field. */
export interface KeyRecord {
  readonly use: KeyUse;
  /** Counts from 1 for each use. */
  readonly generation: number;
  /** The JWS algorithm (RFC 7518). */
  readonly algorithm: string;
  /** The private key as a JWE: the store never sees it open. */
  readonly sealed: string;
  readonly createdAt: Instant;
  /** From when it is the one to use. */
  readonly activateAt: Instant;
  /** Names the request that made it, so that its retry makes no other. */
  readonly request: string | undefined;
}

/** Rows that are appended and never changed, but for their seals. */
export interface KeyStore {
  /** All rows, by use and generation. */
  list(): Promise<readonly KeyRecord[]>;
  /**
   * Appends only while `after` is the newest generation of that use (0: there is none) and `next.generation` is
   * `after + 1`; resolves to whether it did. Of two nodes one wins.
   */
  append(next: KeyRecord, after: number): Promise<boolean>;
  /** Replaces the sealed bytes only while they are still `from`; resolves to whether it did. */
  reseal(use: KeyUse, generation: number, from: string, to: string): Promise<boolean>;
}

/** A whole grant, however often it is refreshed. */
export interface FamilyRecord {
  /** Random; names the grant in its tokens. */
  readonly id: string;
  readonly client: string;
  readonly namespace: string | undefined;
  readonly subject: string | undefined;
  /** The newest refresh token's; the first is 0. */
  readonly generation: number;
  /** When `generation` was reached. */
  readonly rotatedAt: Instant;
  /** Names the attempt that reached `generation`. */
  readonly attemptId: string;
  readonly mintedAt: Instant;
  readonly revokedAt: Instant | undefined;
  /** When the refresh token expires. */
  readonly expiresAt: Instant;
  /** When neither it nor any access token made from it can matter. */
  readonly purgeAt: Instant;
  /** What was granted, as JSON text of the engine's. */
  readonly decision: string;
  /** Proves what of the row never changes; undefined in a row of a version that made none. */
  readonly mac: string | undefined;
}

/** The step from one refresh token to the next. */
export interface Advance {
  /** The generation of the refresh token that was presented. */
  readonly from: number;
  /** The generation to reach: `from + 1`, or `from` if refresh tokens are reused. */
  readonly to: number;
  /** Names this attempt. */
  readonly attemptId: string;
  readonly at: Instant;
  readonly expiresAt: Instant;
  /** A row's `purgeAt` only grows. */
  readonly purgeAt: Instant;
}

/** One row for a grant that can be refreshed, however often it is. */
export interface FamilyStore {
  /** Writes a new family. Its id is random, so a duplicate is an error. */
  create(family: FamilyRecord): Promise<void>;
  find(id: string): Promise<FamilyRecord | undefined>;
  /**
   * One atomic step: where the row's generation is at most `from` and the family is not revoked, it becomes `to`, and
   * `rotatedAt`, `attemptId`, `expiresAt` and `purgeAt` are set. Resolves to "advanced", to the row that stood in the way,
   * or to undefined if there is none.
   */
  advance(id: string, step: Advance): Promise<"advanced" | FamilyRecord | undefined>;
  /**
   * Raises `rotatedAt` and `purgeAt` to at least these, only while `attemptId` is still the row's; resolves to whether it did.
   */
  reconcile(id: string, attemptId: string, rotatedAt: Instant, purgeAt: Instant): Promise<boolean>;
  /** How many rows of that client have not ended at `now`: looks at no more than `most`. */
  count(client: string, now: Instant, most: number): Promise<number>;
  /** Ends the family; the first end stays. Resolves to whether this call ended it. */
  revoke(id: string, at: Instant): Promise<boolean>;
}

/** An access token that is looked up rather than verified. */
export interface ReferenceTokenRecord {
  /** SHA-256 of the handle, base64url: the handle itself is never stored. */
  readonly digest: string;
  /** The token's claims as JSON text of the engine's. */
  readonly claims: string;
  /** Whose quota it counts for; absent in a row of a version that did not say. */
  readonly client?: string | undefined;
  readonly expiresAt: Instant;
  /** Proves the row; undefined in a row of a version that made none. */
  readonly mac: string | undefined;
}

/** One row for an access token that is looked up, written once. */
export interface ReferenceTokenStore {
  create(token: ReferenceTokenRecord): Promise<void>;
  /** The row, though its time may be over: whether it has expired is for the caller to see. */
  find(digest: string): Promise<ReferenceTokenRecord | undefined>;
  /** How many rows of that client have not ended at `now`: looks at no more than `most`. */
  count(client: string, now: Instant, most: number): Promise<number>;
}

/** "All that bears this, up to then, is dead." */
export interface RevocationRecord {
  /** A hash of what is revoked. */
  readonly id: string;
  /** What is as old as this, or older, is dead; `FOREVER`: whatever bears it. */
  readonly notAfter: Instant;
  /** From when nothing that it could kill is alive; `FOREVER`: never. */
  readonly expiresAt: Instant;
  /** Whose quota it counts for; absent: nobody's. Of a revocation that is raised, the first stays. */
  readonly client?: string | undefined;
}

/** Rows that end whatever bears what they name. They only grow, so that a revocation is never undone. */
export interface RevocationStore {
  /** Writes a revocation, or raises the one that is there: `notAfter` and `expiresAt` only grow. */
  raise(revocation: RevocationRecord): Promise<void>;
  /** Those of the named revocations that there are, in one query. */
  find(ids: readonly string[]): Promise<readonly RevocationRecord[]>;
  /** How many rows of that client have not ended at `now`: looks at no more than `most`. */
  count(client: string, now: Instant, most: number): Promise<number>;
}

/** A tenant's few numbers that only grow. */
export interface MetaStore {
  /** Raises a number to at least `value`; resolves to what it is then. */
  raise(name: string, value: number): Promise<number>;
  /** The number, or undefined if it was never raised. */
  read(name: string): Promise<number | undefined>;
}
