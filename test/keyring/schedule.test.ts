import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  activeKey,
  describeKeys,
  isFresh,
  isOvertaken,
  isPublished,
  isReplaced,
  jwksStaleUntil,
  type KeyEntry,
  type KeyringPolicy,
  type KeysRead,
  mayBeOfMissingKey,
  timesOfNext,
  withPlanned,
} from "../../src/keyring/schedule.ts";

const key = (generation: number, activateAt: number, isCompromised = false): KeyEntry => ({
  use: "signing",
  generation,
  activateAt,
  isCompromised,
  algorithm: "ES256",
  kid: `kid ${generation}`,
  createdAt: 0,
  request: undefined,
});

const policy: KeyringPolicy = {
  algorithm: "ES256",
  rotateEvery: { signing: 1000, refresh: 1000 },
  publishAhead: 100,
  pollEvery: 5,
  maxStaleness: 100,
  jwksMaxAge: 50,
  maxClockSkew: 0,
};

const read = (signing: readonly KeyEntry[]): KeysRead => ({
  signing,
  refresh: [],
  longest: { jwt: 0, grant: 0 },
  readAt: 0,
});

const schedule = (keys: readonly KeyEntry[], keepFor: number, now: number) =>
  describeKeys(read(keys), "signing", { ...policy, maxStaleness: keepFor }, now);

const states = (keys: readonly KeyEntry[], now: number, keepFor = 100) =>
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

  it("has no active key while the one whose time it is is revoked", () => {
    const revoked = [key(1, 0), key(2, 100, true)];
    expect(states(revoked, 150)).toEqual(["retired", "compromised"]);
    expect(activeKey(revoked, 150)).toBeUndefined();
    expect(activeKey(revoked, 50)?.generation).toBe(1);
  });

  it("has one active key at most, the one that signs, whatever the rows and the order that they come in", () => {
    const rows = fc.array(fc.record({ activateAt: fc.nat(1000), isCompromised: fc.boolean() }), { maxLength: 6 });
    fc.assert(
      fc.property(rows, fc.nat(1200), fc.nat(300), (drawn, now, keepFor) => {
        const all = drawn.map(({ activateAt, isCompromised }, at) => key(at + 1, activateAt, isCompromised));
        const active = schedule(all, keepFor, now).filter(({ state }) => state === "active");
        const signing = [activeKey(all, now)].flatMap((found) => found?.generation ?? []);
        expect(active.map(({ generation }) => generation)).toEqual(signing);
        const reversed = schedule(all.toReversed(), keepFor, now).toReversed();
        expect(reversed).toEqual(schedule(all, keepFor, now));
      }),
    );
  });

  it("takes a key through its states in order", () => {
    const order = ["pending", "active", "retired", "gone"];
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }), fc.nat(300), (times, keepFor) => {
        const all = times.map((activateAt, at) => key(at + 1, activateAt));
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

describe("what is kept, published and taken for new", () => {
  it("counts the longest lifetime of what a key made, and what clocks differ", () => {
    const keys = { ...read([key(1, 0), key(2, 200)]), longest: { jwt: 3, grant: 7 } };
    const [described] = describeKeys(keys, "signing", { ...policy, maxClockSkew: 10 }, 0);
    expect(described?.removeAt).toBe(200 + 100 + 3_000 + 20);
  });

  it("is in the JWKS from before it signs until nothing of it is alive", () => {
    const keys = read([key(1, 0), key(2, 200), key(3, 5_000, true)]);
    const published = (now: number) => keys.signing.map((each) => isPublished(each, keys, policy, now));
    expect(published(0)).toEqual([true, true, false]);
    expect(published(299)).toEqual([true, true, false]);
    expect(published(300)).toEqual([false, true, false]);
  });

  it("is fresh for as long as a node may be stale", () => {
    expect([100, 101].map((now) => isFresh(read([]), policy, now))).toEqual([true, false]);
  });

  it.each([
    ["one of well before the read", -60_001, false],
    ["one whose mint may have taken long", -59_999, true],
    ["one of now", 10, true],
    ["one that is ahead", 11, false],
  ])("a token of an unknown key may be of a new one: %s", (_, moment, mayBe) => {
    expect(mayBeOfMissingKey({ earliest: moment, latest: moment }, read([]), policy, 10)).toBe(mayBe);
  });
});

describe("the next key", () => {
  it.each([
    ["graceful", 1100],
    ["ahead", 1100],
    ["immediate", 1010],
    ["compromised", 1000],
    ["at once", 1000],
  ] as const)("that is made %s is used from %i on", (why, activateAt) => {
    expect(timesOfNext(why, "signing", policy, 1000)).toEqual({ createdAt: 1000, activateAt });
  });

  it("of refresh tokens is known to no verifier, so that it waits for nodes alone", () => {
    expect(timesOfNext("graceful", "refresh", policy, 1000).activateAt).toBe(1010);
  });

  it("may be lacked by a verifier until every cached JWKS is over, if it is used before", () => {
    const made = { ...key(2, 149), createdAt: 0 };
    expect(jwksStaleUntil(made, policy)).toBe(150);
    expect(jwksStaleUntil({ ...made, activateAt: 150 }, policy)).toBeUndefined();
    expect(jwksStaleUntil({ ...made, use: "refresh" }, policy)).toBeUndefined();
  });

  it("is planned as it would be made, beside the one that would be compromised", () => {
    const order = { mode: "compromised", use: "signing", request: "r" } as const;
    const [old, planned] = withPlanned(read([key(1, 0)]), order, key(1, 0), policy, 500).signing;
    expect(old).toMatchObject({ generation: 1, isCompromised: true });
    expect(planned).toMatchObject({ generation: 2, algorithm: "ES256", createdAt: 500, activateAt: 500, request: "r" });
  });

  it("replaces a leaked one only once it is in use", () => {
    const leaked = key(1, 0, true);
    expect(isReplaced(leaked, [leaked, key(2, 100)], 99)).toBe(false);
    expect(isReplaced(leaked, [leaked, key(2, 100)], 100)).toBe(true);
    expect(isReplaced(key(1, 0), [key(1, 0), key(2, 100)], 100)).toBe(false);
  });

  it("is overtaken by a younger one that takes over first", () => {
    const described = schedule([key(1, 0), key(2, 500), key(3, 50)], 100, 10);
    expect(described.map(isOvertaken)).toEqual([false, true, false]);
  });
});
