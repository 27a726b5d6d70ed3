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

/**
 * The machine's clock. While the machine steps it back, it goes on at half the speed until the machine has caught up:
 * two moments told in a row are never out of order, and whoever waits for a moment does not wait for ever.
 */
export function systemClock(): Clock {
  let latest = 0;
  let toldAt = performance.now();
  function now(): Instant {
    const machine = Date.now();
    const elapsed = performance.now() - toldAt;
    toldAt += elapsed;
    latest = machine < latest ? latest + elapsed / 2 : machine;
    return Math.floor(latest);
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
