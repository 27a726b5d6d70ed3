import type { Instant } from "../token/clock.ts";

/** What the schedule reads of a key's row. */
export interface ScheduledKey {
  readonly generation: number;
  readonly activateAt: Instant;
}

/** The key to use at a moment: the highest generation whose time has come; undefined where none's has. */
export function activeKey<K extends ScheduledKey>(keys: Iterable<K>, now: Instant): K | undefined {
  let active: K | undefined;
  for (const key of keys) {
    if (key.activateAt <= now && key.generation > (active?.generation ?? 0)) active = key;
  }
  return active;
}
