import { beforeEach, describe, expect, it } from "vitest";
import { ClockCheck, compareClocks } from "../../../src/store/mongodb/clock-check.ts";
import { StoreUnavailableError } from "../../../src/store/port.ts";
import { type FakeMachine, fakeMachine } from "../../support/clock.ts";
import { type RecordingLogger, recordingLogger } from "../../support/logger.ts";

describe("the comparison of the clocks", () => {
  it("tells by how much the database's is ahead", async () => {
    const machine = fakeMachine();
    const { offset, uncertainty } = await compareClocks(async () => machine.wall() + 1_000, machine);
    expect([offset, uncertainty]).toEqual([1_000, 0]);
  });

  it("goes by the answer that came back soonest", async () => {
    const machine = fakeMachine();
    const trips = [40, 30, 8, 20, 50];
    const { offset, uncertainty } = await compareClocks(async () => {
      const trip = trips.shift() ?? 0;
      machine.pass(trip);
      return machine.wall() + 1_000;
    }, machine);
    expect([offset, uncertainty]).toEqual([1_004, 4]);
  });
});

describe("the clock check", () => {
  let machine: FakeMachine;
  let logger: RecordingLogger;
  let check: ClockCheck;
  /** By how much the machine's clock is wrong. */
  let offset: number;
  let away: boolean;
  let asked: number;

  beforeEach(() => {
    machine = fakeMachine();
    logger = recordingLogger();
    [offset, away, asked] = [0, false, 0];
    const databaseTime = async () => {
      asked += 1;
      if (away) throw new StoreUnavailableError("away");
      return machine.wall() + offset;
    };
    check = new ClockCheck(databaseTime, { machine, logger, maxClockSkew: 50 });
  });

  /** Somebody sets the machine's clock: to be so much further ahead of the database's. */
  function setClock(milliseconds: number): void {
    machine.set(milliseconds);
    offset -= milliseconds;
  }
  const levels = () => logger.lines.map(({ level }) => level);
  /** What was begun has its turn. */
  const settled = () => new Promise(setImmediate);

  it("says nothing while the clocks agree", async () => {
    offset = 24;
    await check.check();
    machine.pass(60_000);
    await check.check();
    expect(check.isOff()).toBe(false);
    expect(logger.lines).toEqual([]);
  });

  it("does not take a process that was held up between two readings for one whose clock was set", async () => {
    let holdUps = 0;
    const hold = <T>(read: () => T): T => {
      const value = read();
      if (holdUps > 0) machine.pass(40);
      holdUps = Math.max(0, holdUps - 1);
      return value;
    };
    const busy = { ...machine, wall: () => hold(machine.wall), elapsed: () => hold(machine.elapsed) };
    const checked = new ClockCheck(async () => machine.wall(), { machine: busy, logger, maxClockSkew: 50 });
    for (const times of [0, 1, 2, 3]) {
      holdUps = times;
      await checked.check();
      holdUps = times;
      expect(checked.isOff()).toBe(false);
      expect(checked.latest?.offset).toBeCloseTo(0);
    }
    expect(logger.lines).toEqual([]);
  });

  it.each([30, -30])("says once that they differ by %s ms, and once that they agree again", async (wrong) => {
    offset = wrong;
    await check.check();
    await check.check();
    expect(check.isOff()).toBe(true);
    expect(check.latest?.offset).toBe(wrong);
    expect(levels()).toEqual(["error"]);
    offset = 0;
    await check.check();
    expect(check.isOff()).toBe(false);
    expect(levels()).toEqual(["error", "info"]);
  });

  it.each([300_000, -300_000, 26, -26])(
    "sees at once that the clock was set by %s ms, and that it is right again",
    async (by) => {
      await check.check();
      machine.pass(10_000);
      setClock(by);
      expect(check.isOff()).toBe(true);
      await settled();
      expect(levels()).toEqual(["error"]);
      setClock(-by);
      expect(check.isOff()).toBe(false);
    },
  );

  it("compares again before long while it is off, and not with every question", async () => {
    offset = 1_000;
    await check.check();
    const before = asked;
    for (let question = 0; question < 10; question++) expect(check.isOff()).toBe(true);
    await settled();
    expect(asked).toBe(before);
    offset = 0;
    machine.pass(1_000);
    for (let question = 0; question < 10; question++) check.isOff();
    await settled();
    expect(check.isOff()).toBe(false);
    expect(asked).toBe(before + 5);
  });

  it("does not take a machine that slept for one whose clock was set, once it has asked", async () => {
    await check.check();
    // What has elapsed does not count sleep.
    machine.set(3_600_000);
    machine.pass(1_000);
    expect(check.isOff()).toBe(true);
    await settled();
    expect(check.isOff()).toBe(false);
  });

  it("takes a clock that was never compared for off, and stays with what it knew while the database is away", async () => {
    away = true;
    await check.check();
    expect(check.latest).toBeUndefined();
    expect(check.isOff()).toBe(true);
    expect(logger.lines).toEqual([]);
    [away, offset] = [false, 900];
    await check.check();
    away = true;
    await check.check();
    expect(check.isOff()).toBe(true);
  });

  it("tells each time that the clock goes wrong, and each time that it is right again", async () => {
    await check.check();
    for (const _ of [1, 2]) {
      for (const by of [300_000, -300_000]) {
        setClock(by);
        machine.pass(1_000);
        check.isOff();
        await settled();
      }
    }
    expect(levels()).toEqual(["error", "info", "error", "info"]);
  });
});
