import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ClockCheck, compareClocks, startClockCheck } from "../../../src/store/mongodb/clock-check.ts";
import { StoreUnavailableError } from "../../../src/store/port.ts";
import { fakeClock } from "../../support/clock.ts";
import { type RecordingLogger, recordingLogger } from "../../support/logger.ts";

describe("the comparison of the clocks", () => {
  it("tells by how much the database's is ahead", async () => {
    const clock = fakeClock();
    const { offset, uncertainty } = await compareClocks(async () => clock.now() + 1_000, clock);
    expect(offset + uncertainty).toBeCloseTo(1_000);
  });

  it("goes by the answer that came back soonest", async () => {
    const clock = fakeClock();
    const offsets = [10_000, 20_000, 7, 30_000, 40_000];
    const { offset } = await compareClocks(async () => {
      const wrong = offsets.shift() ?? 0;
      if (wrong > 7) await new Promise((resolve) => setTimeout(resolve, 20));
      return clock.now() + wrong;
    }, clock);
    expect(offset).toBeGreaterThan(0);
    expect(offset).toBeLessThanOrEqual(7);
  });
});

describe("the clock check", () => {
  const clock = fakeClock();
  let logger: RecordingLogger;
  let check: ClockCheck;
  let offset: number;
  let away: boolean;

  async function databaseTime(): Promise<number> {
    if (away) throw new StoreUnavailableError("away");
    return clock.now() + offset;
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    logger = recordingLogger();
    offset = 0;
    away = false;
  });
  afterEach(() => {
    check.stop();
    vi.useRealTimers();
  });

  const start = async () => {
    check = await startClockCheck(databaseTime, { clock, logger, maxClockSkew: 50 });
  };
  const minute = () => vi.advanceTimersByTimeAsync(60_000);

  it("says nothing while the clocks agree", async () => {
    offset = 24;
    await start();
    await minute();
    expect(check.isOff()).toBe(false);
    expect(logger.lines).toEqual([]);
  });

  it.each([30, -30])("says once that they differ by %s ms, and once that they agree again", async (wrong) => {
    offset = wrong;
    await start();
    await minute();
    expect(check.isOff()).toBe(true);
    expect(Math.round(check.latest()?.offset ?? 0)).toBe(wrong);
    expect(logger.lines.map(({ level }) => level)).toEqual(["error"]);
    offset = 0;
    await minute();
    expect(check.isOff()).toBe(false);
    expect(logger.lines.map(({ level }) => level)).toEqual(["error", "info"]);
  });

  it("knows nothing while the database is away, and stays with what it knew", async () => {
    away = true;
    await start();
    expect(check.latest()).toBeUndefined();
    expect(check.isOff()).toBe(false);
    away = false;
    offset = 900;
    await minute();
    away = true;
    await minute();
    expect(check.isOff()).toBe(true);
  });
});
