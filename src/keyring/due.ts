import type { Instant } from "../base/clock.ts";
import type { KeyUse } from "../store/port.ts";
import {
  activeKey,
  algorithmOf,
  type DueRotation,
  type KeyEntry,
  type KeyringPolicy,
  type KeysRead,
  lead,
  newest,
} from "./schedule.ts";

/**
 * Whether the next key of one use is to be made now: "at once" if none can be used; "ahead" of time if the newest one
 * nears its end, is compromised, or has another algorithm than the configuration.
 */
export function dueRotation(
  keys: readonly KeyEntry[],
  use: KeyUse,
  policy: KeyringPolicy,
  now: Instant,
): DueRotation | undefined {
  if (activeKey(keys, now) === undefined) return "at once";
  const last = newest(keys);
  if (last === undefined || last.isCompromised) return "ahead";
  // The next key exists and waits for its time. A changed algorithm waits too, or each change would overtake the
  // previous one.
  if (last.activateAt > now) return undefined;
  const nearsItsEnd = endOf(last, use, policy) <= now;
  return nearsItsEnd || last.algorithm !== algorithmOf(use, policy) ? "ahead" : undefined;
}

/** When the next key of either use is due, if nothing else happens to the keys until then: `now` if one is. */
export function nextDue(read: KeysRead, policy: KeyringPolicy, now: Instant): Instant {
  return Math.min(...(["signing", "refresh"] as const).map((use) => nextDueOf(read[use], use, policy, now)));
}

function nextDueOf(keys: readonly KeyEntry[], use: KeyUse, policy: KeyringPolicy, now: Instant): Instant {
  const last = newest(keys);
  if (last === undefined || dueRotation(keys, use, policy, now) !== undefined) return now;
  return last.algorithm === algorithmOf(use, policy) ? endOf(last, use, policy) : last.activateAt;
}

/** When the successor of a key is to be made. */
function endOf({ activateAt }: KeyEntry, use: KeyUse, policy: KeyringPolicy): Instant {
  return activateAt + policy.rotateEvery[use] - lead(use, policy);
}
