import type { Clock, Instant } from "../../src/token/clock.ts";

/** A clock that stands still until it is told to move, or somebody waits for a moment: then it is that moment. */
export interface FakeClock extends Clock {
  /** Moves the clock by so many milliseconds. */
  advance(milliseconds: number): void;
}

export function fakeClock(start: Instant = Date.UTC(2026, 0, 1, 0, 0, 0, 123)): FakeClock {
  let now = start;
  return {
    now: () => now,
    past: async (instant) => {
      now = Math.max(now, instant + 1);
    },
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}
