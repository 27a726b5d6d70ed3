import { describe, expect, it } from "vitest";
import { dueRotation, nextDue } from "../../src/keyring/due.ts";
import type { KeyEntry, KeyringPolicy, KeysRead } from "../../src/keyring/schedule.ts";

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
  rotateEvery: { signing: 1000, refresh: 1_000_000 },
  publishAhead: 100,
  pollEvery: 5,
  maxStaleness: 100,
  jwksMaxAge: 50,
  maxClockSkew: 0,
};

/** A refresh key that is never due beside a signing key. */
const read = (signing: readonly KeyEntry[]): KeysRead => ({
  signing,
  refresh: [{ ...key(1, 0), use: "refresh", algorithm: "HS256" }],
  longest: { jwt: 0, grant: 0 },
  readAt: 0,
});

describe("a rotation is due", () => {
  it.each<[string, KeyEntry[], number, string | undefined]>([
    ["at once where there is no key", [], 0, "at once"],
    ["not yet", [key(1, 0)], 899, undefined],
    ["so far ahead that its key is out in time", [key(1, 0)], 900, "ahead"],
    ["not again while the next one waits", [key(1, 0), key(2, 1000)], 950, undefined],
    ["where the next one that waits is revoked", [key(1, 0), key(2, 1000, true)], 950, "ahead"],
    ["at once where the active one is revoked", [key(1, 0, true)], 1, "at once"],
    ["at once where the active one is revoked, though another waits", [key(1, 0, true), key(2, 1000)], 1, "at once"],
    ["where another algorithm is configured", [{ ...key(1, 0), algorithm: "RS256" }], 1, "ahead"],
    [
      "not for another algorithm while the next one waits",
      [key(1, 0), { ...key(2, 1000), algorithm: "RS256" }],
      950,
      undefined,
    ],
    ["long after its time", [key(1, 0)], 1_000_000, "ahead"],
  ])("%s", (_, keys, now, due) => {
    expect(dueRotation(keys, "signing", policy, now)).toBe(due);
  });
});

describe("the time when the next key is due", () => {
  it.each<[string, KeyEntry[], number]>([
    ["is now if there is none", [], 1],
    ["is so far ahead that the key is out in time", [key(1, 0)], 900],
    ["is that of the one that waits, once there is one", [key(1, 0), key(2, 1000)], 1900],
    ["is now if it has passed", [key(1, -5000)], 1],
    ["is now if the active one is compromised", [key(1, 0, true)], 1],
    ["is now if another algorithm is configured", [{ ...key(1, 0), algorithm: "RS256" }], 1],
    [
      "is when the next one takes over if another algorithm is configured",
      [key(1, 0), { ...key(2, 50), algorithm: "RS256" }],
      50,
    ],
  ])("%s", (_, keys, due) => {
    expect(nextDue(read(keys), policy, 1)).toBe(due);
  });

  it("is the earlier one of both uses", () => {
    const rotateEvery = { signing: 1000, refresh: 500 };
    expect(nextDue(read([key(1, 0)]), { ...policy, rotateEvery }, 1)).toBe(490);
  });

  it("is the first time at which a rotation is due", () => {
    const keys = [key(1, 0), key(2, 700)];
    const due = nextDue(read(keys), policy, 1);
    const isDue = (now: number) => dueRotation(keys, "signing", policy, now) !== undefined;
    expect([isDue(due - 1), isDue(due)]).toEqual([false, true]);
  });
});
