import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { activeKey, dueRotation, type ScheduledKey, schedule } from "../../src/keyring/schedule.ts";

const key = (generation: number, activateAt: number, isCompromised = false): ScheduledKey => ({
  generation,
  activateAt,
  isCompromised,
  algorithm: "ES256",
});

const states = (keys: readonly ScheduledKey[], now: number, keepFor = 100) =>
  schedule(keys, keepFor, now).map(({ state }) => state);

describe("the schedule", () => {
  const keys = [key(1, 0), key(2, 200)];

  it.each([
    [0, ["active", "pending"]],
    [199, ["active", "pending"]],
    [200, ["retired", "active"]],
    [299, ["retired", "active"]],
    [300, ["gone", "active"]],
  ])("at %i says %j", (now, expected) => {
    expect(states(keys, now)).toEqual(expected);
  });

  it("says when a key retires and leaves, once its successor is known", () => {
    expect(schedule(keys, 100, 0)).toMatchObject([
      { retireAt: 200, removeAt: 300 },
      { retireAt: undefined, removeAt: undefined },
    ]);
  });

  it("never lets an overtaken pending key sign", () => {
    const overtaken = [key(1, 0), key(2, 500), key(3, 50)];
    for (const now of [0, 49, 50, 499, 500, 10_000]) expect(states(overtaken, now)[1]).not.toBe("active");
    expect(states(overtaken, 50)).toEqual(["retired", "retired", "active"]);
    expect(activeKey(overtaken, 600)?.generation).toBe(3);
  });

  it("has no active key while the one whose time it is is cut", () => {
    const cut = [key(1, 0), key(2, 100, true)];
    expect(states(cut, 150)).toEqual(["retired", "compromised"]);
    expect(activeKey(cut, 150)).toBeUndefined();
    expect(activeKey(cut, 50)?.generation).toBe(1);
  });

  it("has one active key at most, the one that signs, whatever the rows and the order that they come in", () => {
    const rows = fc.array(fc.record({ activateAt: fc.nat(1000), isCompromised: fc.boolean() }), { maxLength: 6 });
    fc.assert(
      fc.property(rows, fc.nat(1200), fc.nat(300), (drawn, now, keepFor) => {
        const all = drawn.map(({ activateAt, isCompromised }, at) => key(at + 1, activateAt, isCompromised));
        const active = schedule(all, keepFor, now).filter(({ state }) => state === "active");
        expect(active.map((place) => place.key)).toEqual([activeKey(all, now)].filter((found) => found !== undefined));
        const reversed = schedule(all.toReversed(), keepFor, now).toReversed();
        expect(reversed).toEqual(schedule(all, keepFor, now));
      }),
    );
  });

  it("takes a key through its states in order", () => {
    const order = ["pending", "active", "retired", "gone"];
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }), fc.nat(300), (moments, keepFor) => {
        const all = moments.map((activateAt, at) => key(at + 1, activateAt));
        for (let index = 0; index < all.length; index++) {
          let last = 0;
          for (let now = 0; now < 1400; now += 7) {
            const at = order.indexOf(states(all, now, keepFor)[index] ?? "");
            expect(at).toBeGreaterThanOrEqual(last);
            last = at;
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe("a rotation is due", () => {
  const rules = { algorithm: "ES256", rotateEvery: 1000, ahead: 100 };

  it.each<[string, ScheduledKey[], number, string | undefined]>([
    ["at once where there is no key", [], 0, "at once"],
    ["not yet", [key(1, 0)], 899, undefined],
    ["so far ahead that its key is out in time", [key(1, 0)], 900, "ahead"],
    ["not again while the next one waits", [key(1, 0), key(2, 1000)], 950, undefined],
    ["where the next one that waits is cut", [key(1, 0), key(2, 1000, true)], 950, "ahead"],
    ["at once where the active one is cut", [key(1, 0, true)], 1, "at once"],
    ["at once where the active one is cut, though another waits", [key(1, 0, true), key(2, 1000)], 1, "at once"],
    ["where another algorithm is configured", [{ ...key(1, 0), algorithm: "RS256" }], 1, "ahead"],
    [
      "not for another algorithm while the next one waits",
      [key(1, 0), { ...key(2, 1000), algorithm: "RS256" }],
      950,
      undefined,
    ],
    ["long after its time", [key(1, 0)], 1_000_000, "ahead"],
  ])("%s", (_, keys, now, due) => {
    expect(dueRotation(keys, rules, now)).toBe(due);
  });
});
