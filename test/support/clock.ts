import type { Clock, Instant, Machine } from "../../src/base/clock.ts";

/** A clock that stands still until it is told to move, or somebody waits for a moment: then it is that moment. */
export interface FakeClock extends Clock {
  /** Moves the clock by so many milliseconds. */
  advance(milliseconds: number): void;
}

const START: Instant = Date.UTC(2026, 0, 1, 0, 0, 0, 123);

export function fakeClock(start: Instant = START): FakeClock {
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

/** A machine on which time passes when it is told to, or somebody sleeps, and whose clock can be set. */
export interface FakeMachine extends Machine {
  /** Lets so many milliseconds pass. */
  pass(milliseconds: number): void;
  /** Sets the time of day by so many milliseconds. */
  set(milliseconds: number): void;
}

export function fakeMachine(start: Instant = START): FakeMachine {
  let [wall, elapsed] = [start, 0];
  const pass = (milliseconds: number) => {
    wall += milliseconds;
    elapsed += milliseconds;
  };
  return {
    wall: () => wall,
    elapsed: () => elapsed,
    sleep: async (milliseconds) => pass(milliseconds),
    after: () => () => undefined,
    pass,
    set: (milliseconds) => {
      wall += milliseconds;
    },
  };
}
