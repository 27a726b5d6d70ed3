import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { thisMachine } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/logger.ts";
import { Jobs, sweep } from "../../src/server/jobs.ts";
import { type Store, StoreUnavailableError } from "../../src/store/port.ts";
import { aRevocation } from "../store/contract/records.ts";
import { fakeClock, fakeMachine } from "../support/clock.ts";
import { recordingLogger } from "../support/logger.ts";
import { createMemoryStore } from "../support/memory-store.ts";

describe("sweep", () => {
  const machine = fakeMachine();

  /** A store that has so many rows whose time is over, and notes how many each sweep of it may delete. */
  function overdueStore(rows: number, batches: number[], onBatch = () => {}): Store {
    let left = rows;
    return {
      ...createMemoryStore(),
      async sweep(_, limit) {
        onBatch();
        const deleted = Math.min(left, limit);
        left -= deleted;
        batches.push(deleted);
        return deleted;
      },
    };
  }

  it("deletes all rows whose time is over, and no others", async () => {
    const store = createMemoryStore();
    const clock = fakeClock();
    const { revocations } = store.forTenant("acme");
    const ids = Array.from({ length: 1201 }, (_, index) => `over ${index}`);
    for (const id of ids) await revocations.raise(aRevocation({ id, expiresAt: clock.now() - 1 }));
    const kept = aRevocation({ id: "kept", expiresAt: clock.now() });
    await revocations.raise(kept);
    await sweep({ store, clock, machine });
    expect(await revocations.find([...ids, "kept"])).toEqual([kept]);
  });

  it("ends early once someone waits for it to stop", async () => {
    const stop = new AbortController();
    const batches: number[] = [];
    const store = overdueStore(1_000_000, batches, () => {
      if (batches.length === 2) stop.abort();
    });
    await sweep({ store, clock: fakeClock(), machine }, stop.signal);
    expect(batches).toHaveLength(3);
  });

  it.each([0, 499, 500, 1000, 1234, 60_001])("deletes %i rows in bounded batches", async (rows) => {
    const batches: number[] = [];
    await sweep({ store: overdueStore(rows, batches), clock: fakeClock(), machine });
    expect(batches.reduce((sum, deleted) => sum + deleted, 0)).toBe(rows);
    expect(Math.max(...batches)).toBeLessThanOrEqual(500);
  });

  it("lets whatever else waits have its turn between two batches", async () => {
    const happened: string[] = [];
    let isOver = false;
    function takeTurn(): void {
      happened.push("turn");
      if (!isOver) setImmediate(takeTurn);
    }
    setImmediate(takeTurn);
    const store = overdueStore(2600, [], () => happened.push("batch"));
    await sweep({ store, clock: fakeClock(), machine: thisMachine });
    isOver = true;
    expect(happened.filter((what) => what === "batch")).toHaveLength(6);
    expect(happened.join(" ")).not.toContain("batch batch");
  });
});

/** Jobs on this machine, whose timers are fake. */
const jobsWith = (logger: Logger = recordingLogger(), fraction: () => number = Math.random) =>
  new Jobs({ machine: thisMachine, fraction, logger });

describe("jobs", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("are done again and again, each about as often as told", async () => {
    const jobs = jobsWith();
    let done = 0;
    jobs.start({ every: 1000, name: "work", run: async () => void done++ });
    await vi.advanceTimersByTimeAsync(799);
    expect(done).toBe(0);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(done).toBeGreaterThanOrEqual(100);
    expect(done).toBeLessThanOrEqual(126);
    await jobs.stop();
  });

  it.each([0, 0.5, 0.999])("are spread by chance: with %d", async (chance) => {
    const jobs = jobsWith(undefined, () => chance);
    let done = 0;
    jobs.start({ every: 1000, name: "work", run: async () => void done++ });
    await vi.advanceTimersByTimeAsync(800 + 200 * chance - 1);
    expect(done).toBe(0);
    await vi.advanceTimersByTimeAsync(2);
    expect(done).toBe(1);
    await jobs.stop();
  });

  it("never begin before the last time has ended, and stop waits for what is under way", async () => {
    const jobs = jobsWith();
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    jobs.start({
      every: 1000,
      name: "slow",
      run: () => {
        begun += 1;
        return gate.promise;
      },
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toBe(1);

    let stopped = false;
    const stopping = jobs.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toBe(1);
  });

  it("are told to stop, and stop waits for no more", async () => {
    const jobs = jobsWith();
    let begun = 0;
    jobs.start({
      every: 1000,
      name: "long",
      run: (signal) => {
        begun += 1;
        return new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
      },
    });
    await vi.advanceTimersByTimeAsync(1000);
    await jobs.stop();
    expect(begun).toBe(1);
  });

  it("begin no more once they are stopped", async () => {
    const jobs = jobsWith();
    let done = 0;
    jobs.start({ every: 1000, name: "work", run: async () => void done++ });
    await jobs.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(done).toBe(0);
  });

  it.each([
    ["warn", new StoreUnavailableError("away")],
    ["error", new TypeError("a fault")],
  ])("that fail are told to the log (%s) and tried again", async (level, failure) => {
    const logger = recordingLogger();
    const jobs = jobsWith(logger);
    jobs.start({
      every: 1000,
      name: "work",
      run: async () => {
        throw failure;
      },
    });
    await vi.advanceTimersByTimeAsync(2000);
    expect(logger.lines.map((line) => line.level)).toEqual([level, level]);
    expect(logger.lines[0]?.fields).toEqual({ job: "work", err: failure });
    await jobs.stop();
  });
});
