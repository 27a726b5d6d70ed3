import { beforeEach, describe, expect, it } from "vitest";
import { ClockOffError, systemClock } from "../../src/base/clock.ts";
import { forgetCeiling } from "../../src/engine/ceiling.ts";
import { IssuingClock } from "../../src/engine/issuing-clock.ts";
import { NO_TENANT, type Store, StoreUnavailableError, StoreUnusableError } from "../../src/store/port.ts";
import { type FakeMachine, fakeMachine } from "../support/clock.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { listenerOf, type RecordingLogger, recordingLogger } from "../support/logger.ts";
import { createMemoryStore } from "../support/memory-store.ts";

const MINUTE = 60_000;

let memory: Store;
let store: FailingStore;
let logger: RecordingLogger;
beforeEach(() => {
  memory = createMemoryStore();
  store = failingStore(memory);
  logger = recordingLogger();
});

/** The issuing clock of a process that starts on a machine. */
function start(machine: FakeMachine, on: Store = store, maxClockLag = 10_000): Promise<IssuingClock> {
  const clock = systemClock(machine, () => on.isClockOff?.() ?? false);
  return IssuingClock.open({ store: on, clock, machine, emit: listenerOf(logger), maxClockLag, startTimeout: 5_000 });
}

/** How often the ceiling was raised. */
const raises = () => store.calls.filter((call) => call === "meta.raise").length;

describe("the issuing clock", () => {
  it("are the clock's, and none is above what is durable by then", async () => {
    const machine = fakeMachine();
    const issuingClock = await start(machine);
    for (const passed of [0, 1, 499, 2_000, 5]) {
      machine.pass(passed);
      const { now, issuedAt } = await issuingClock.read();
      expect([now, issuedAt]).toEqual([machine.wall(), machine.wall()]);
      expect(await memory.forTenant(NO_TENANT).meta.read("latestMoment")).toBeGreaterThanOrEqual(now);
    }
  });

  it("cost a write in half a second at most, however many are read", async () => {
    const machine = fakeMachine();
    const issuingClock = await start(machine);
    for (let read = 0; read < 1_000; read++) {
      machine.pass(1);
      await issuingClock.read();
    }
    expect(raises()).toBeLessThanOrEqual(3);
  });

  it("stay below what is durable while nothing can be written, though time goes on", async () => {
    const machine = fakeMachine();
    const issuingClock = await start(machine);
    const { now: before } = await issuingClock.read();
    store.away = true;
    machine.pass(MINUTE);
    expect(await issuingClock.read()).toEqual({ now: before + MINUTE, issuedAt: before + 1_000 });
    store.away = false;
    expect((await issuingClock.read()).issuedAt).toBe(before + MINUTE);
  });

  it("go on while a store is away whose own clock vouches for the machine's", async () => {
    const machine = fakeMachine();
    const vouching = { ...store, isClockOff: () => false };
    const issuingClock = await start(machine, vouching);
    await issuingClock.read();
    store.away = true;
    machine.pass(MINUTE);
    expect((await issuingClock.read()).issuedAt).toBe(machine.wall());
  });

  it("of a revocation are durable before it is, and so is the next one", async () => {
    const machine = fakeMachine();
    const issuingClock = await start(machine);
    await issuingClock.cover(machine.wall() + 1_050);
    store.away = true;
    machine.pass(1_051);
    expect((await issuingClock.read()).issuedAt).toBe(machine.wall());
    await expect(issuingClock.cover(machine.wall() + 1)).rejects.toThrow(StoreUnavailableError);
  });
});

describe("a start", () => {
  /** A process on a machine whose clock is ahead, and then set right. */
  async function ranAhead(by: number): Promise<FakeMachine> {
    const machine = fakeMachine();
    machine.set(by);
    await (await start(machine)).read();
    machine.set(-by);
    return machine;
  }

  it("waits until the clock is past all that was told before, and says so", async () => {
    const machine = await ranAhead(8_000);
    const before = machine.wall();
    const { issuedAt } = await (await start(machine)).read();
    expect(issuedAt).toBeGreaterThan(before + 8_000);
    expect(logger.text()).toContain("behind the newest token");
  });

  it("is refused if that takes too long, in words that say what to do", async () => {
    const machine = await ranAhead(5 * MINUTE);
    const error = await start(machine).then(
      () => expect.fail("it started"),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StoreUnusableError);
    expect((error as Error).message).toMatch(/is 301 s behind .*2026-01-01T00:05:01.* MINTMARK_MAX_CLOCK_LAG/);
    await start(machine, store, 10 * MINUTE);
  });

  it("waits for a clock that is right and as far behind as the ceiling is ahead, whatever it is told", async () => {
    const machine = fakeMachine();
    await (await start(machine)).read();
    await start(machine, store, 0);
    expect(logger.lines).toEqual([]);
  });

  it("waits for nothing after a quiet second", async () => {
    const machine = fakeMachine();
    await (await start(machine)).read();
    machine.pass(1_001);
    const before = machine.wall();
    await start(machine);
    expect(machine.wall()).toBe(before);
  });

  it("waits for a clock that is too far from the store's, and gives up in time", async () => {
    const machine = fakeMachine();
    const since = machine.elapsed();
    const off = { ...memory, isClockOff: () => machine.elapsed() < since + 3_000 };
    await start(machine, off);
    expect(machine.elapsed()).toBe(since + 3_000);
    await expect(start(machine, { ...memory, isClockOff: () => true })).rejects.toThrow(StoreUnusableError);
  });
});

it("a process that is behind another mints and revokes nothing until it has caught up", async () => {
  const [ahead, behind] = [fakeMachine(), fakeMachine()];
  const late = await start(behind);
  await late.read();
  ahead.set(MINUTE);
  await (await start(ahead)).read();
  behind.pass(1_001);
  await expect(late.read()).rejects.toThrow(ClockOffError);
  await expect(late.cover(behind.wall())).rejects.toThrow(ClockOffError);
  behind.pass(MINUTE);
  await late.read();
  const told = logger.lines.filter(({ level }) => level !== "warn");
  expect(told.map(({ level, message }) => [level, message])).toEqual([
    ["error", expect.stringContaining("behind another's")],
    ["info", expect.stringContaining("has caught up")],
  ]);
});

it("a process that may be behind starts at once, and neither mints nor revokes until it has caught up", async () => {
  const machine = fakeMachine();
  machine.set(60 * MINUTE);
  await (await start(machine)).read();
  machine.set(-60 * MINUTE);
  const clock = systemClock(machine);
  const options = {
    store,
    clock,
    machine,
    emit: listenerOf(logger),
    maxClockLag: 0,
    startTimeout: 0,
    mayBeBehind: true,
  };
  const issuingClock = await IssuingClock.open(options);
  expect(machine.wall()).toBe(fakeMachine().wall());
  await expect(issuingClock.read()).rejects.toThrow(ClockOffError);
  await expect(issuingClock.cover(machine.wall())).rejects.toThrow(ClockOffError);
  machine.pass(61 * MINUTE);
  await issuingClock.read();
});

it("what is forgotten of a clock that was ahead takes along what may have lost its revocation, and nothing else", async () => {
  const machine = fakeMachine();
  const now = machine.wall();
  expect((await start(machine)).mayLackRevocation(now, now)).toBe(false);
  machine.set(60 * MINUTE);
  await (await start(machine)).read();
  machine.set(-60 * MINUTE);
  const upTo = await forgetCeiling(store, now);
  expect(upTo).toBeGreaterThanOrEqual(now + 60 * MINUTE);
  const issuingClock = await start(machine);
  const end = upTo ?? 0;
  expect(issuingClock.mayLackRevocation(now, end)).toBe(true);
  expect(issuingClock.mayLackRevocation(now + 1, end)).toBe(false);
  expect(issuingClock.mayLackRevocation(now, end + 1)).toBe(false);
});
