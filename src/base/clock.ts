import { setTimeout as delay } from "node:timers/promises";
import { UnavailableError } from "./unavailable.ts";

/** Milliseconds since the Unix epoch. */
export type Instant = number;

/**
 * Later than any token: the expiry of what never expires. It is the last instant that a `Date` can hold, so every store
 * can keep and compare it.
 */
export const FOREVER: Instant = 8.64e15;

/** Tells the time. A request reads it once, before its first look-up, and uses that reading throughout. */
export interface Clock {
  /**
   * Now, in milliseconds since the Unix epoch; never earlier than an earlier reading. Throws {@link ClockOffError}
   * while the clock is unreliable.
   */
  now(): Instant;
  /** Resolves once {@link now} is later than `instant`. */
  past(instant: Instant): Promise<void>;
}

/** What a process reads its clock from. */
export interface Machine {
  /** The time of day. It may be set at any time, forward or back. */
  wall(): Instant;
  /** A monotonic reading in milliseconds, which does not depend on the time of day. */
  elapsed(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Runs `work` after so many milliseconds, unless the returned function is called first. Keeps no process running. */
  after(milliseconds: number, work: () => void): () => void;
}

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  wall: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds) => delay(milliseconds),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** The clock of this process is unreliable: nothing is issued, checked or revoked by it until it is right. */
export class ClockOffError extends UnavailableError {
  override readonly name = "ClockOffError";
  override readonly description = "The clock of this node is wrong. Try again.";
  /** The store logs once what is wrong with the clock. */
  override readonly isLogged = true;
}

/**
 * The machine's clock. If the machine's clock is set back, this one runs at half speed until the machine has caught up:
 * readings never go back, and whoever waits for a time does not wait forever.
 *
 * `isOff`: whether the machine's time of day is known to be wrong. The clock then gives no reading, and ignores the
 * machine's.
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
