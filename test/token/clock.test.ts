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

  it("counts whole seconds down", () => {
    expect(toSeconds(1999)).toBe(1);
  });
});
