import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_DURATION, parseDuration } from "../../src/base/duration.ts";

describe("durations", () => {
  test.each([
    ["90s", 90],
    ["15m", 900],
    ["12h", 43_200],
    ["30d", 2_592_000],
    ["0s", 0],
    ["15", 15],
    ["3650d", MAX_DURATION],
    [3600, 3600],
  ])("%j is %d seconds", (value, seconds) => expect(parseDuration(value)).toBe(seconds));

  test.each(["", "m", "1.5h", "-1s", "01s", " 1s", "1s ", "1S", "1w", "3651d", "999999999d", "1e3s"])(
    "%j is none",
    (value) => expect(parseDuration(value)).toBeUndefined(),
  );

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_DURATION + 1])("%d is none", (value) =>
    expect(parseDuration(value)).toBeUndefined(),
  );

  test("a count and a unit multiply", () => {
    fc.assert(
      fc.property(fc.nat(MAX_DURATION * 2), fc.constantFrom("s", "m", "h", "d"), (count, unit) => {
        const seconds = count * { s: 1, m: 60, h: 3600, d: 86_400 }[unit];
        expect(parseDuration(`${count}${unit}`)).toBe(seconds <= MAX_DURATION ? seconds : undefined);
      }),
    );
  });

  test("any text is seconds within bounds, or none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const seconds = parseDuration(text) ?? 0;
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_DURATION).toBe(true);
      }),
    );
  });
});
