import { setTimeout } from "node:timers/promises";
import { UnavailableError } from "./unavailable.ts";

/** Milliseconds since the Unix epoch. */
export type Instant = number;

/**
 * Later than any token: the end of what never ends. The last moment that a `Date` can hold, so that every store can
 * keep it and compare it.
 */
export const FOREVER: Instant = 8.64e15;

/** Tells the time. A request reads it once, before its first look-up, and uses that moment for all that it makes. */
export interface Clock {
  /**
   * Now, in milliseconds since the Unix epoch. Never less than what it told before. Throws {@link ClockOffError} while
   * it cannot be relied on.
   */
  now(): Instant;
  /** Resolves once {@link now} tells more than `instant`. */
  past(instant: Instant): Promise<void>;
}

/** What a process reads its clock from. */
export interface Machine {
  /** The time of day. Whoever runs the machine may set it at any moment, to whatever he likes. */
  wall(): Instant;
  /** Milliseconds since some moment in the past. They only grow, at their own pace, whatever the time of day is set to. */
  elapsed(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  wall: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds) => setTimeout(milliseconds),
};

/** The clock of this process cannot be relied on: nothing is made, judged or ended by it until it is right. */
export class ClockOffError extends UnavailableError {
  override readonly name = "ClockOffError";
  override readonly description = "The clock of this node is not right. Try again.";
  /** The store says once what is wrong with the clock. */
  override readonly isLogged = true;
}

/**
 * The machine's clock. While the machine steps it back, it goes on at half the speed until the machine has caught up:
 * two moments told in a row are never out of order, and whoever waits for a moment does not wait for ever.
 *
 * `isOff`: whether the machine's time of day is known to be wrong. It tells none then, and forgets that it was asked.
 */
export function systemClock(machine: Machine = thisMachine, isOff: () => boolean = () => false): Clock {
  let latest = 0;
  let toldAt = machine.elapsed();
  function now(): Instant {
    if (isOff()) throw new ClockOffError("The machine's clock is too far from the store's.");
    const wall = machine.wall();
    const elapsed = machine.elapsed() - toldAt;
    toldAt += elapsed;
    latest = wall < latest ? latest + elapsed / 2 : wall;
    return Math.floor(latest);
  }
  return {
    now,
    async past(instant) {
      while (now() <= instant) await machine.sleep(instant - now() + 1);
    },
  };
}

/** Whole seconds since the Unix epoch, as JWTs count (RFC 7519 NumericDate). */
export function toSeconds(instant: Instant): number {
  return Math.floor(instant / 1000);
}
