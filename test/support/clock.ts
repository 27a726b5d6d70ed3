import type { Clock, Instant } from "../../src/token/clock.ts";

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Moves the clock by so many milliseconds. */
  advance(milliseconds: number): void;
}

export function fakeClock(start: Instant = Date.UTC(2026, 0, 1, 0, 0, 0, 123)): FakeClock {
  let now = start;
  return {
    now: () => now,
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}
