import { describe, expect, it } from "vitest";
import { parseRates } from "../../../src/base/rate.ts";
import { type Claim, Windows, windowOf } from "../../../src/engine/limits/windows.ts";
import type { TallyStore } from "../../../src/store/port.ts";
import { NO_TENANT, StoreUnavailableError } from "../../../src/store/port.ts";
import { fakeClock } from "../../support/clock.ts";
import { failingStore } from "../../support/failing-store.ts";
import { createMemoryStore } from "../../support/memory-store.ts";

const START = fakeClock().now();

/** The claims of a key on all rates of a list. */
function claims(rates: string, key = "key"): readonly Claim[] {
  return (parseRates(rates) ?? []).map((rate) => ({ limit: "mint_per_client", rate, key }));
}

/** When the current window of a claim ends. */
function endOf([claim]: readonly Claim[]): number {
  if (claim === undefined) throw new Error("there is no claim");
  let [inside, end] = [START, START + claim.rate.period * 1000];
  while (end - inside > 1) {
    const middle = Math.floor((inside + end) / 2);
    if (windowOf(claim, middle) === windowOf(claim, START)) inside = middle;
    else end = middle;
  }
  return end;
}

describe("windows", () => {
  it("give what a rate allows, then nothing until the next window, then as much again", () => {
    const [windows, wanted] = [new Windows(10), claims("3/m")];
    const taken = (now: number) => Array.from({ length: 5 }, () => windows.take(wanted, now));
    expect(taken(START)).toEqual([true, true, true, false, false]);
    expect(taken(endOf(wanted) - 1)).toEqual([false, false, false, false, false]);
    expect(taken(endOf(wanted))).toEqual([true, true, true, false, false]);
  });

  it("count nothing of what one of several rates refuses", () => {
    const [windows, wanted] = [new Windows(10), claims("1/s, 3/m")];
    // Far enough from the end of the minute.
    const at = (seconds: number) => endOf(claims("3/m")) + seconds * 1000;
    expect(windows.take(wanted, at(0))).toBe(true);
    for (let i = 0; i < 10; i++) expect(windows.take(wanted, at(0))).toBe(false);
    expect([2, 4, 6].map((second) => windows.take(wanted, at(second)))).toEqual([true, true, false]);
  });

  it("count each key and each limit separately", () => {
    const windows = new Windows(10);
    expect(windows.take(claims("1/m", "one"), START)).toBe(true);
    expect(windows.take(claims("1/m", "other"), START)).toBe(true);
    const requests = claims("1/m", "one").map((claim) => ({ ...claim, limit: "requests_per_client" }) as const);
    expect(windows.take(requests, START)).toBe(true);
    expect(windows.take(claims("1/m", "one"), START)).toBe(false);
  });

  it("tell what is left, and when all of it is there again", () => {
    const [windows, wanted] = [new Windows(10), claims("2/m, 3/h")];
    windows.take(wanted, START);
    windows.take(wanted, START);
    expect(windows.quotas(wanted, START)).toMatchObject([
      { limit: "mint_per_client", left: 0, resetsIn: Math.ceil((endOf(wanted) - START) / 1000) },
      { limit: "mint_per_client", left: 1, resetsIn: expect.any(Number) },
    ]);
    for (const { resetsIn, rate } of windows.quotas(wanted, START)) {
      expect(resetsIn).toBeGreaterThan(0);
      expect(resetsIn).toBeLessThanOrEqual(rate.period);
    }
  });

  it("do not begin at the same moment for all keys", () => {
    const ends = Array.from({ length: 20 }, (_, index) => endOf(claims("1/m", `key ${index}`)));
    expect(new Set(ends).size).toBeGreaterThan(15);
  });

  it("forget the key that was used least recently if there are too many", () => {
    const windows = new Windows(2);
    for (const key of ["a", "b", "a", "c"]) windows.take(claims("9/m", key), START);
    const left = (key: string) => windows.quotas(claims("9/m", key), START)[0]?.left;
    expect(["a", "b", "c"].map(left)).toEqual([7, 9, 8]);
  });
});

describe("windows of nodes that share a store", () => {
  const wanted = claims("20/m");
  const left = (windows: Windows) => windows.quotas(wanted, START)[0]?.left;

  /** Two nodes' windows, and what carries their counts. */
  function twoNodes() {
    const store = failingStore(createMemoryStore());
    const { tallies } = store.forTenant(NO_TENANT);
    const [one, other] = [new Windows(10), new Windows(10)];
    const take = (windows: Windows, times: number) => {
      for (let i = 0; i < times; i++) windows.take(wanted, START);
    };
    return { store, tallies, one, other, take };
  }

  it("count what each of them has counted, once they have told each other", async () => {
    const { tallies, one, other, take } = twoNodes();
    take(one, 5);
    await one.exchange(tallies);
    expect([left(one), left(other)]).toEqual([15, 20]);
    take(other, 8);
    await other.exchange(tallies);
    expect([left(one), left(other)]).toEqual([15, 7]);
    take(one, 2);
    await one.exchange(tallies);
    expect([left(one), left(other)]).toEqual([5, 7]);
    take(other, 7);
    expect(other.take(wanted, START)).toBe(false);
    // A node that starts anew hears what it had counted itself.
    const again = new Windows(10);
    take(again, 2);
    await again.exchange(tallies);
    expect(left(again)).toBe(20 - 5 - 8 - 2 - 2);
  });

  it("tell nothing of those who are far from what they may, and nothing twice", async () => {
    const { store, tallies, one, take } = twoNodes();
    take(one, 1);
    await one.exchange(tallies);
    expect(store.calls).toEqual([]);
    take(one, 1);
    await one.exchange(tallies);
    await one.exchange(tallies);
    expect(store.calls).toEqual(["tallies.add"]);
    const again = new Windows(10);
    take(again, 2);
    await again.exchange(tallies);
    expect(left(again)).toBe(16);
  });

  it("do not take their own for others' if an exchange is answered after a later one", async () => {
    const { tallies, one, take } = twoNodes();
    const waiting: (() => Promise<void>)[] = [];
    const slow: TallyStore = {
      add: (additions) => new Promise((resolve) => waiting.push(async () => resolve(await tallies.add(additions)))),
    };
    take(one, 5);
    const first = one.exchange(slow);
    take(one, 3);
    const second = one.exchange(slow);
    for (const answer of waiting.toReversed()) await answer();
    await Promise.all([first, second]);
    expect(left(one)).toBe(12);
  });

  it("begin anew with the next window", async () => {
    const { tallies, one, other, take } = twoNodes();
    take(one, 20);
    take(other, 2);
    await one.exchange(tallies);
    await other.exchange(tallies);
    expect(other.take(wanted, endOf(wanted) - 1)).toBe(false);
    expect(other.quotas(wanted, endOf(wanted))[0]?.left).toBe(20);
  });

  it.each(["refused", "lost"] as const)(
    "let through rather too much than too little if an exchange is %s",
    async (failure) => {
      const { store, tallies, one, other, take } = twoNodes();
      take(one, 5);
      store.failNext("tallies.add", failure);
      await expect(one.exchange(tallies)).rejects.toThrow(StoreUnavailableError);
      take(one, 3);
      await one.exchange(tallies);
      expect(left(one)).toBe(12);
      take(other, 2);
      await other.exchange(tallies);
      expect(left(other)).toBe(failure === "lost" ? 10 : 15);
    },
  );
});
