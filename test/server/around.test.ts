import { beforeEach, describe, expect, it } from "vitest";
import { nodeSignatures } from "../../src/keyring/algorithms.ts";
import { aroundSignatures, aroundStore } from "../../src/server/around.ts";
import { measuredSignatures, measuredStoreCalls } from "../../src/server/metrics.ts";
import { type Store, StoreUnavailableError } from "../../src/store/port.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { type RecordingMeter, recordingMeter } from "../support/meter.ts";

/** Each reading is 250 ms after the one before it. */
function ticking(): () => number {
  let milliseconds = 0;
  return () => {
    milliseconds += 250;
    return milliseconds;
  };
}

let meter: RecordingMeter;
let under: FailingStore;
let store: Store;
beforeEach(() => {
  meter = recordingMeter();
  under = failingStore(createMemoryStore());
  store = aroundStore(under, measuredStoreCalls("sqlite", meter, ticking()));
});

const ok = { store: "sqlite", outcome: "ok", seconds: 0.25 };

describe("a measured store", () => {
  it("measures every operation, and answers as the store does", async () => {
    const { meta, revocations } = store.forTenant("one");
    expect(await meta.raise("number", 7)).toBe(7);
    expect(await meta.read("number")).toBe(7);
    expect(await revocations.find([])).toEqual([]);
    expect(await store.sweep(0, 1)).toBe(0);
    expect(meter.storeCalls).toEqual(
      ["meta.raise", "meta.read", "revocations.find", "sweep"].map((operation) => ({ ...ok, operation })),
    );
  });

  it("has every operation of every part", () => {
    const names = (of: Store) =>
      Object.entries({ ...of.forTenant("one"), registrations: of.registrations }).flatMap(([part, calls]) =>
        Object.keys(calls).map((name) => `${part}.${name}`),
      );
    expect(names(store)).toEqual(names(createMemoryStore()));
    expect(store.maxClockSkew).toBe(under.maxClockSkew);
  });

  it.each([
    ["unavailable", new StoreUnavailableError("away")],
    ["error", new Error("broken")],
  ])("measures what fails: %s", async (outcome, error) => {
    const failing: Store = {
      ...under,
      sweep: async () => {
        throw error;
      },
    };
    const around = measuredStoreCalls("mongodb", meter, ticking());
    await expect(aroundStore(failing, around).sweep(0, 1)).rejects.toBe(error);
    expect(meter.storeCalls).toEqual([{ store: "mongodb", operation: "sweep", outcome, seconds: 0.25 }]);
  });
});

it("measured signatures sign as the others, and are measured by algorithm", async () => {
  const signatures = aroundSignatures(nodeSignatures, measuredSignatures(meter, ticking()));
  const key = await signatures.load("ES256", await signatures.generate("ES256"));
  expect(await key.verify(await key.sign({ sub: "someone" }, "JWT"))).toEqual({ sub: "someone" });
  expect(meter.signatures).toEqual([{ algorithm: "ES256", seconds: 0.25 }]);
});
