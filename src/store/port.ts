import type { Instant } from "../base/clock.ts";
import { UnavailableError } from "../base/unavailable.ts";
import type { FamilyCursor, FamilyQuery } from "./family-query.ts";
import type { RegistrationStore } from "./registration-port.ts";

/**
 * The store of keys, grants, reference tokens, revocations and registrations. `test/store/contract.ts` specifies it, and every adapter
 * passes that suite. All operations throw {@link StoreUnavailableError} if the store cannot answer, and resolve only
 * once what they wrote is durable. Instants are milliseconds since the Unix epoch.
 */
export interface Store {
  /** The most by which the clocks of the nodes that share this store may differ, in milliseconds. */
  readonly maxClockSkew: number;
  /**
   * Whether the machine's clock is known to be too far from the store's own. Absent if the store has no clock of its
   * own, as everyone who shares it runs on one machine.
   */
  isClockOff?(): boolean;
  /** The tenant's own part. Nothing below takes a tenant's id, so nothing can cross from one tenant to another. */
  forTenant(tenant: string): TenantStore;
  /** What was registered at run time, of all tenants. */
  readonly registrations: RegistrationStore;
  /**
   * Deletes at most `limit` rows of any tenant that expired before `now`, and resolves to how many it deleted: fewer
   * than `limit` only if no more have expired. Families, reference tokens, revocations, tallies and tombstones of
   * registrations get fair shares.
   */
  sweep(now: Instant, limit: number): Promise<number>;
  /** Lets writes that were begun finish, then closes. Later calls are refused. */
  close(): Promise<void>;
}

/** The owner of numbers that belong to no tenant: no tenant has this id. */
export const NO_TENANT = "";

/** Everything that is stored for one tenant. */
export interface TenantStore {
  readonly keys: KeyStore;
  readonly families: FamilyStore;
  readonly referenceTokens: ReferenceTokenStore;
  readonly revocations: RevocationStore;
  readonly meta: MetaStore;
  readonly tallies: TallyStore;
}

/**
 * The store gave no answer: the operation may have happened, may not have, or may still happen. The message contains
 * neither a password nor a row.
 */
export class StoreUnavailableError extends UnavailableError {
  override readonly name = "StoreUnavailableError";
  override readonly description = "The token store cannot be reached. Try again.";
}

/**
 * The store cannot be opened until an operator fixes something: the URL, the file system, or the version of this
 * program. The message says what, and never contains a password.
 */
export class StoreUnusableError extends Error {
  override readonly name = "StoreUnusableError";
}

/** What a key is for: signing tokens, or authenticating refresh tokens and rows. */
export type KeyUse = "signing" | "refresh";

/**
 * A key, written once. Its state follows from the time and its successors, never from a field: no node has to change a
 * row for a key to retire.
 */
export interface KeyRecord {
  readonly use: KeyUse;
  /** Counts from 1, for each use separately. */
  readonly generation: number;
  /** The JWS algorithm (RFC 7518). */
  readonly algorithm: string;
  /** The private key, encrypted as a JWE: the store never sees it in the clear. */
  readonly sealed: string;
  readonly createdAt: Instant;
  /** When it becomes the active key. */
  readonly activateAt: Instant;
  /** Identifies the request that made it, so that a retry does not make another. */
  readonly request: string | undefined;
}

/** Rows that are appended and never changed, except for their seals. They go with their tenant alone. */
export interface KeyStore {
  /** All rows, sorted by use and generation. */
  list(): Promise<readonly KeyRecord[]>;
  /**
   * Appends `next` only if `after` is the newest generation of that use (0: there is none) and `next.generation` is
   * `after + 1`; resolves to whether it did. Of two nodes, one wins.
   */
  append(next: KeyRecord, after: number): Promise<boolean>;
  /** Replaces the sealed bytes only if they are still `from`; resolves to whether it did. */
  reseal(use: KeyUse, generation: number, from: string, to: string): Promise<boolean>;
  /** Deletes all rows that were created then or before. If the call fails, some may be left. */
  forget(createdUpTo: Instant): Promise<void>;
}

/** A whole grant, however often it is refreshed. */
export interface FamilyRecord {
  /** Random; identifies the grant in its tokens. */
  readonly id: string;
  readonly client: string;
  readonly namespace: string | undefined;
  readonly subject: string | undefined;
  /** The generation of the newest refresh token; the first is 0. */
  readonly generation: number;
  /** When `generation` was reached. */
  readonly rotatedAt: Instant;
  /** Identifies the attempt that reached `generation`. */
  readonly attemptId: string;
  /** The time of issue that revocations compare with theirs. */
  readonly mintedAt: Instant;
  readonly revokedAt: Instant | undefined;
  /** When the refresh token expires. */
  readonly expiresAt: Instant;
  /** When neither the grant nor any access token made from it can matter any more. */
  readonly purgeAt: Instant;
  /** What was granted, as the engine's JSON text. */
  readonly decision: string;
  /** A MAC over the members that never change; undefined in rows of a version that made none. */
  readonly mac: string | undefined;
}

/** The step from one refresh token to the next. */
export interface Advance {
  /** The generation of the refresh token that was presented. */
  readonly from: number;
  /** The new generation: `from + 1`, or `from` if refresh tokens are reused. */
  readonly to: number;
  /** Identifies this attempt. */
  readonly attemptId: string;
  readonly at: Instant;
  readonly expiresAt: Instant;
  /** Raises the row's `purgeAt`, which only grows. */
  readonly purgeAt: Instant;
}

/** Some families of a list. `next`: where it goes on; undefined if this is all. */
export interface FamilyPage {
  readonly families: readonly FamilyRecord[];
  readonly next: FamilyCursor | undefined;
}

/** One row for each grant that can be refreshed, however often it is. */
export interface FamilyStore {
  /** Writes a new family. Its id is random, so a duplicate is an error. */
  create(family: FamilyRecord): Promise<void>;
  find(id: string): Promise<FamilyRecord | undefined>;
  /** The families with these ids that exist, in one query. */
  findAll(ids: readonly string[]): Promise<readonly FamilyRecord[]>;
  /** Lists families, the last minted first (then by id, descending): expired and revoked ones too. */
  list(query: FamilyQuery): Promise<FamilyPage>;
  /**
   * One atomic step: if the row's generation is at most `from` and the family is not revoked, sets the generation to
   * `to`, sets `rotatedAt`, `attemptId` and `expiresAt`, and raises `purgeAt`. Resolves to "advanced", to the row that
   * prevented it, or to undefined if there is no row.
   */
  advance(id: string, step: Advance): Promise<"advanced" | FamilyRecord | undefined>;
  /**
   * Raises `rotatedAt` and `purgeAt` to at least these values, only if the row still bears `attemptId`; resolves to
   * whether it does.
   */
  reconcile(id: string, attemptId: string, rotatedAt: Instant, purgeAt: Instant): Promise<boolean>;
  /** Counts the client's rows that have not expired at `now`, up to `most`. */
  count(client: string, now: Instant, most: number): Promise<number>;
  /** Revokes the family; the first revocation stays. Resolves to whether this call revoked it. */
  revoke(id: string, at: Instant): Promise<boolean>;
}

/** An access token that is looked up rather than verified. */
export interface ReferenceTokenRecord {
  /** SHA-256 of the handle, base64url: the handle itself is never stored. */
  readonly digest: string;
  /** The token's claims, as the engine's JSON text. */
  readonly claims: string;
  /** The client whose quota it counts towards; absent in rows of a version that did not store it. */
  readonly client?: string | undefined;
  readonly expiresAt: Instant;
  /** A MAC over the row; undefined in rows of a version that made none. */
  readonly mac: string | undefined;
}

/** One row for each reference token, written once. */
export interface ReferenceTokenStore {
  /** Writes a new row. Its digest is that of a random handle, so a duplicate is an error. */
  create(token: ReferenceTokenRecord): Promise<void>;
  /** The row, even if it has expired: the caller checks that, as the sweeper may be behind. */
  find(digest: string): Promise<ReferenceTokenRecord | undefined>;
  /** Counts the client's rows that have not expired at `now`, up to `most`. */
  count(client: string, now: Instant, most: number): Promise<number>;
}

/** "Everything that bears this, up to then, is dead." */
export interface RevocationRecord {
  /** A hash of what is revoked. */
  readonly id: string;
  /** Everything issued at or before this time is dead; `FOREVER`: everything, whenever issued. */
  readonly notAfter: Instant;
  /** When nothing that it could kill is alive any more; `FOREVER`: never. */
  readonly expiresAt: Instant;
  /** The client whose quota it counts towards; absent: none. If a revocation is raised, the first client stays. */
  readonly client?: string | undefined;
}

/** Rows that kill whatever bears what they name. They only grow, so a revocation is never undone. */
export interface RevocationStore {
  /** Writes a revocation, or raises an existing one: `notAfter` and `expiresAt` only grow. */
  raise(revocation: RevocationRecord): Promise<void>;
  /** The revocations with these ids that exist, in one query. */
  find(ids: readonly string[]): Promise<readonly RevocationRecord[]>;
  /** Counts the client's rows that have not expired at `now`, up to `most`. */
  count(client: string, now: Instant, most: number): Promise<number>;
}

/** What one node adds to a tally. */
export interface Addition {
  readonly id: string;
  readonly by: number;
  /** When the tally can be forgotten. The first addition decides. */
  readonly expiresAt: Instant;
}

/** Numbers that nodes count together for a while. A call that fails may have added all, some or nothing. */
export interface TallyStore {
  /**
   * Adds to tallies, which begin at 0; resolves to what each is afterwards, in the same order. No id may come twice. If several
   * calls at once begin the same tally, each with it alone, exactly one is told just what it added.
   */
  add(additions: readonly Addition[]): Promise<readonly number[]>;
}

/** A few numbers of a tenant that only grow. */
export interface MetaStore {
  /** Raises a number to at least `value`; resolves to its value afterwards. */
  raise(name: string, value: number): Promise<number>;
  /** The number, or undefined if it was never raised. */
  read(name: string): Promise<number | undefined>;
}
