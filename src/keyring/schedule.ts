/**
 * When a key does what. All rules about time in the keyring are here, as pure functions of the rows, the policy and a
 * time: nodes that have read the same rows agree, without talking to one another. All times are in milliseconds.
 */

import type { Instant } from "../base/clock.ts";
import type { KeyUse } from "../store/port.ts";
import {
  type KeyDescription,
  type KeyState,
  REFRESH_KEY_ALGORITHM,
  type RotationMode,
  type SigningAlgorithm,
} from "./port.ts";

/** How a tenant's keys follow one another. */
export interface KeyringPolicy {
  /** The algorithm of new signing keys. */
  readonly algorithm: SigningAlgorithm;
  /** How long a key is used. */
  readonly rotateEvery: { readonly [use in KeyUse]: number };
  /** How long a signing key is published before it signs, unless the rotation is urgent. */
  readonly publishAhead: number;
  /** How often each node reads the keys. */
  readonly pollEvery: number;
  /** How long a node may use keys without reading them again. */
  readonly maxStaleness: number;
  /** How long a verifier may cache the JWKS. */
  readonly jwksMaxAge: number;
  /** The most by which the clocks of two nodes may differ. */
  readonly maxClockSkew: number;
}

/** A key's row without its sealed bytes, and whether the key is compromised. */
export interface KeyEntry {
  readonly use: KeyUse;
  readonly generation: number;
  readonly algorithm: string;
  /** The RFC 7638 thumbprint of a signing key. */
  readonly kid: string | undefined;
  readonly createdAt: Instant;
  readonly activateAt: Instant;
  /** The operator's request that made it; undefined if its schedule did. */
  readonly request: string | undefined;
  /** Whether it has leaked: nothing that it made is accepted, which is never undone. */
  readonly isCompromised: boolean;
}

/** What the schedule knows from one read of the store. */
export interface KeysRead {
  readonly signing: readonly KeyEntry[];
  readonly refresh: readonly KeyEntry[];
  /** The longest lifetimes ever configured, in seconds: of a JWT, and of a grant with everything made from it. */
  readonly longest: { readonly jwt: number; readonly grant: number };
  /** When the read began: whatever was written later may be missing. */
  readonly readAt: Instant;
}

/** Why the next key is due: "at once" because none can be used, or "ahead" of the newest one's end. */
export type DueRotation = "at once" | "ahead";

/**
 * How long a mint may take from its token's time of issue to the signature: the signing key may have been made in
 * between. Both doors end a request sooner.
 */
const LONGEST_MINT = 60_000;

/**
 * The states in which a key is in the JWKS and tokens that it signed are accepted. Pending is one of them: verifiers
 * learn of a key before they meet its tokens, and another node's clock may be ahead.
 */
const PUBLISHED = new Set<KeyState>(["pending", "active", "retired"]);

/** Whether a key is in the JWKS at `now`, and tokens that it signed are accepted. */
export function isPublished(key: KeyEntry, read: KeysRead, policy: KeyringPolicy, now: Instant): boolean {
  return PUBLISHED.has(statusOf(key, read, policy, now).state);
}

/** The keys of one use as operators see them at `now`, in the order in which they were read. */
export function describeKeys(
  read: KeysRead,
  use: KeyUse,
  policy: KeyringPolicy,
  now: Instant,
): readonly KeyDescription[] {
  // Member by member: an opened key also has its private part.
  return read[use].map((key) => ({
    kid: key.kid,
    use: key.use,
    generation: key.generation,
    algorithm: key.algorithm,
    createdAt: key.createdAt,
    activateAt: key.activateAt,
    ...statusOf(key, read, policy, now),
  }));
}

function statusOf(key: KeyEntry, read: KeysRead, policy: KeyringPolicy, now: Instant) {
  const retireAt = takenOverAt(key, read[key.use]);
  const removeAt = retireAt === undefined ? undefined : retireAt + keptFor(key.use, read, policy);
  return { state: stateOf(key, retireAt, removeAt, now), retireAt, removeAt };
}

/** When the first of a key's successors takes over: not always the next generation, as a later one may overtake it. */
function takenOverAt({ generation }: KeyEntry, keys: readonly KeyEntry[]): Instant | undefined {
  const successors = keys.filter((key) => key.generation > generation);
  return successors.length === 0 ? undefined : Math.min(...successors.map(({ activateAt }) => activateAt));
}

/**
 * How long a key is needed after its successor takes over: a node that has not read the successor yet may still use it,
 * and what it makes then lives for the longest lifetime ever configured. That node's clock may be behind, and the clock
 * of whoever checks the token ahead.
 */
function keptFor(use: KeyUse, { longest }: KeysRead, { maxStaleness, maxClockSkew }: KeyringPolicy): number {
  return maxStaleness + (use === "signing" ? longest.jwt : longest.grant) * 1000 + 2 * maxClockSkew;
}

function stateOf(key: KeyEntry, retireAt: Instant | undefined, removeAt: Instant | undefined, now: Instant): KeyState {
  if (key.isCompromised) return "compromised";
  if (removeAt !== undefined && removeAt <= now) return "gone";
  // Checked before its own activation: a pending key that a later one has overtaken never signs.
  if (retireAt !== undefined && retireAt <= now) return "retired";
  return key.activateAt <= now ? "active" : "pending";
}

/**
 * The key of one use that makes tokens at `now`. Returns undefined if that key is compromised: the previous one has
 * been replaced, and falling back on it would revive what a rotation ended.
 */
export function activeKey<K extends KeyEntry>(keys: readonly K[], now: Instant): K | undefined {
  const latest = latestActivated(keys, now);
  return latest?.isCompromised ? undefined : latest;
}

/** The key of one use whose turn it is, compromised or not: the highest generation that is active by its time. */
export function latestActivated<K extends KeyEntry>(keys: readonly K[], now: Instant): K | undefined {
  return newest(keys.filter(({ activateAt }) => activateAt <= now));
}

/** The highest generation; undefined if there is no key. */
export function newest<K extends KeyEntry>(keys: readonly K[]): K | undefined {
  return keys.reduce<K | undefined>((high, key) => (key.generation > (high?.generation ?? 0) ? key : high), undefined);
}

/** Whether a compromised key already has a successor in use, so that no other need be made. */
export function isReplaced(leaked: KeyEntry, keys: readonly KeyEntry[], now: Instant): boolean {
  return leaked.isCompromised && (activeKey(keys, now)?.generation ?? 0) > leaked.generation;
}

/** Whether a pending key will never be used because a later one takes over first. */
export function isOvertaken({ state, activateAt, retireAt }: KeyDescription): boolean {
  return state === "pending" && retireAt !== undefined && retireAt <= activateAt;
}

/**
 * Whether a node may still sign and publish with what it read: another node may have made or compromised a key since.
 */
export function isFresh({ readAt }: KeysRead, { maxStaleness }: KeyringPolicy, now: Instant): boolean {
  return now <= readAt + maxStaleness;
}

/**
 * Whether a key that the last read lacks may have signed a token, judged by the time at which the token claims to have
 * been issued. The claim is not verified, but a false one only earns the answer that the token is inactive, which is
 * true.
 */
export function mayBeOfMissingKey(
  minted: { readonly earliest: Instant; readonly latest: Instant },
  { readAt }: KeysRead,
  { maxClockSkew }: KeyringPolicy,
  now: Instant,
): boolean {
  return minted.latest > readAt - LONGEST_MINT - maxClockSkew && minted.earliest <= now + maxClockSkew;
}

/** The times of the next key of one use, if it is written now: for an operator's mode, or because it is due. */
export function timesOfNext(why: RotationMode | DueRotation, use: KeyUse, policy: KeyringPolicy, now: Instant) {
  return { createdAt: now, activateAt: now + delayOf(why, use, policy) };
}

function delayOf(why: RotationMode | DueRotation, use: KeyUse, policy: KeyringPolicy): number {
  if (why === "graceful" || why === "ahead") return lead(use, policy);
  if (why === "immediate") return readByAll(policy);
  // It is active on every node that reads it, even one whose clock is behind: there is no other key to use.
  return -policy.maxClockSkew;
}

/** How long a key is known before it is used, unless the rotation is urgent. No verifier caches refresh keys. */
export function lead(use: KeyUse, policy: KeyringPolicy): number {
  return use === "signing" ? policy.publishAhead : readByAll(policy);
}

/** When every node has read a new row: after two polls, as one may fail, each timed by clocks that differ. */
function readByAll({ pollEvery, maxClockSkew }: KeyringPolicy): number {
  return 2 * (pollEvery + maxClockSkew);
}

/**
 * Until when a verifier with a cached JWKS may lack a key. Returns undefined if it meets none of the key's tokens until
 * then: the key is used later, or is a refresh key, which no verifier sees.
 */
export function jwksStaleUntil(made: KeyEntry, policy: KeyringPolicy): Instant | undefined {
  const knownToAll = made.createdAt + policy.maxStaleness + policy.jwksMaxAge + policy.maxClockSkew;
  return made.use === "signing" && made.activateAt < knownToAll ? knownToAll : undefined;
}

/** The keys as a rotation at `now` would leave them. `leaked`: the key that it would mark compromised. */
export function withPlanned(
  read: KeysRead,
  { mode, use, request }: { readonly mode: RotationMode; readonly use: KeyUse; readonly request: string },
  leaked: KeyEntry | undefined,
  policy: KeyringPolicy,
  now: Instant,
): KeysRead {
  const keys = read[use].map((key) => (key.generation === leaked?.generation ? { ...key, isCompromised: true } : key));
  const generation = (newest(keys)?.generation ?? 0) + 1;
  const algorithm = algorithmOf(use, policy);
  const times = timesOfNext(mode, use, policy, now);
  // A kid is a key's thumbprint, and a plan makes no key.
  const planned = { use, generation, algorithm, ...times, request, kid: undefined, isCompromised: false };
  return { ...read, [use]: [...keys, planned] };
}

/** The algorithm of new keys of one use. */
export function algorithmOf(use: KeyUse, { algorithm }: KeyringPolicy): string {
  return use === "signing" ? algorithm : REFRESH_KEY_ALGORITHM;
}
