import type { Instant } from "../base/clock.ts";
import type { KeyState } from "./port.ts";

/** What the schedule reads of a key's row. */
export interface ScheduledKey {
  readonly generation: number;
  readonly algorithm: string;
  readonly activateAt: Instant;
  /** Whether its kid is cut: nothing that it made is accepted. */
  readonly isCompromised: boolean;
}

/** Where a key is in its life at one moment. */
interface KeyStatus<K> {
  readonly key: K;
  readonly state: KeyState;
  /** When the first of its successors takes over; undefined where there is none. */
  readonly retireAt: Instant | undefined;
  /** When nothing that it made can be alive; undefined where it has no successor. */
  readonly removeAt: Instant | undefined;
}

/**
 * Where every key of one use is at a moment. A pure function of rows that are never changed, so that all nodes that have
 * read them agree. `keepFor`: for how many milliseconds a key is needed once its successor has taken over.
 */
export function schedule<K extends ScheduledKey>(
  keys: readonly K[],
  keepFor: number,
  now: Instant,
): readonly KeyStatus<K>[] {
  // From the youngest on: the earliest so far is when the first of a key's successors takes over.
  const retireAts = new Map<number, Instant | undefined>();
  let earliest: Instant | undefined;
  for (const { generation, activateAt } of keys.toSorted((a, b) => b.generation - a.generation)) {
    retireAts.set(generation, earliest);
    earliest = Math.min(earliest ?? activateAt, activateAt);
  }
  return keys.map((key) => {
    const retireAt = retireAts.get(key.generation);
    const removeAt = retireAt === undefined ? undefined : retireAt + keepFor;
    return { key, state: stateOf(key, retireAt, removeAt, now), retireAt, removeAt };
  });
}

function stateOf(
  key: ScheduledKey,
  retireAt: Instant | undefined,
  removeAt: Instant | undefined,
  now: Instant,
): KeyState {
  if (key.isCompromised) return "compromised";
  if (removeAt !== undefined && removeAt <= now) return "gone";
  // A pending key that a younger one has overtaken never signs.
  if (retireAt !== undefined && retireAt <= now) return "retired";
  return key.activateAt <= now ? "active" : "pending";
}

/** The key to use at a moment: the highest generation whose time has come, unless it is cut; then there is none. */
export function activeKey<K extends ScheduledKey>(keys: readonly K[], now: Instant): K | undefined {
  const latest = latestActivated(keys, now);
  return latest?.isCompromised ? undefined : latest;
}

/** The highest generation whose time has come, cut or not. */
export function latestActivated<K extends ScheduledKey>(keys: readonly K[], now: Instant): K | undefined {
  return newest(keys.filter(({ activateAt }) => activateAt <= now));
}

/** The highest generation. */
export function newest<K extends ScheduledKey>(keys: readonly K[]): K | undefined {
  return keys.reduce<K | undefined>((high, key) => (key.generation > (high?.generation ?? 0) ? key : high), undefined);
}

/** When keys of one use follow one another by themselves. Times in milliseconds. */
export interface RotationRules {
  readonly algorithm: string;
  /** For how long a key is the one to use. */
  readonly rotateEvery: number;
  /** How long before that it is made. */
  readonly ahead: number;
}

/**
 * Whether the next key is to be made now: "at once", because none can be used; "ahead" of its time, because the newest
 * nears its end, is cut, or is of another algorithm than is configured. One that waits for its time is waited for.
 */
export function dueRotation(
  keys: readonly ScheduledKey[],
  rules: RotationRules,
  now: Instant,
): "at once" | "ahead" | undefined {
  if (activeKey(keys, now) === undefined) return "at once";
  const last = newest(keys);
  if (last === undefined || last.isCompromised) return "ahead";
  if (last.activateAt > now) return undefined;
  const nearsItsEnd = last.activateAt + rules.rotateEvery - rules.ahead <= now;
  return nearsItsEnd || last.algorithm !== rules.algorithm ? "ahead" : undefined;
}
