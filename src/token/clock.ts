import { setTimeout } from "node:timers/promises";

/** Milliseconds since the Unix epoch. */
export type Instant = number;

/**
 * Later than any token: the end of what never ends. The last moment that a `Date` can hold, so that every store can
 * keep it and compare it.
 */
export const FOREVER: Instant = 8.64e15;

/** Tells the time. A request reads it once, before its first look-up, and uses that moment for all that it makes. */
export interface Clock {
  /** Now, in milliseconds since the Unix epoch. Never less than what it told before. */
  now(): Instant;
  /** Resolves once {@link now} tells more than `instant`. */
  past(instant: Instant): Promise<void>;
}

/** The machine's clock, held still while the machine steps it back: two moments told in a row are never out of order. */
export function systemClock(): Clock {
  let latest = 0;
  function now(): Instant {
    latest = Math.max(latest, Date.now());
    return latest;
  }
  return {
    now,
    async past(instant) {
      while (now() <= instant) await setTimeout(instant - now() + 1);
    },
  };
}

/** Whole seconds since the Unix epoch, as JWTs count (RFC 7519 NumericDate). */
export function toSeconds(instant: Instant): number {
  return Math.floor(instant / 1000);
}
