import { describe, expect, it, vi } from "vitest";
import { ClockOffError, systemClock, toSeconds } from "../../src/base/clock.ts";
import { fakeMachine } from "../support/clock.ts";

describe("system clock", () => {
  it("never steps back, though the machine's does", () => {
    const machine = fakeMachine(1000);
    const clock = systemClock(machine);
    const told = [0, -600, 601].map((milliseconds) => {
      machine.set(milliseconds);
      return clock.now();
    });
    expect(told).toEqual([1000, 1000, 1001]);
  });

  it("goes on while the machine's stands in the past, and is overtaken by it, so that nobody waits for ever", async () => {
    vi.useFakeTimers({ now: 10_000 });
    const clock = systemClock();
    clock.now();
    vi.setSystemTime(4_000);
    const told = [1, 2, 3].map(() => {
      vi.advanceTimersByTime(1_000);
      return clock.now();
    });
    expect(told).toEqual([10_500, 11_000, 11_500]);
    vi.setSystemTime(12_000);
    expect(clock.now()).toBe(12_000);
    vi.useRealTimers();
  });

  it("tells nothing while it is known to be off, and nothing of it once it is right", () => {
    const machine = fakeMachine();
    let isOff = false;
    const clock = systemClock(machine, () => isOff);
    const before = clock.now();
    machine.set(600_000);
    isOff = true;
    expect(() => clock.now()).toThrow(ClockOffError);
    machine.set(-600_000);
    isOff = false;
    machine.pass(10);
    expect(clock.now()).toBe(before + 10);
  });

  it("counts whole seconds down", () => {
    expect(toSeconds(1999)).toBe(1);
  });
});
