import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock, toSeconds } from "../../src/token/clock.ts";

afterEach(() => vi.restoreAllMocks());

describe("system clock", () => {
  it("never steps back, though the machine's does", () => {
    const machine = vi.spyOn(Date, "now").mockReturnValueOnce(1000).mockReturnValueOnce(400).mockReturnValueOnce(1001);
    const clock = systemClock();
    expect([clock.now(), clock.now(), clock.now()]).toEqual([1000, 1000, 1001]);
    expect(machine).toHaveBeenCalledTimes(3);
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

  it("counts whole seconds down", () => {
    expect(toSeconds(1999)).toBe(1);
  });
});
