import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { acceptClock } from "../../src/cli/accept-clock.ts";
import { UsageError } from "../../src/cli/command.ts";
import { IssuingClock } from "../../src/engine/issuing-clock.ts";
import { openStore } from "../../src/store/index.ts";
import { StoreUnusableError } from "../../src/store/port.ts";
import { fakeMachine } from "../support/clock.ts";
import { recordingLogger } from "../support/logger.ts";

const YEAR = 365 * 86_400_000;

let folder: string;
let url: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-clock-"));
  url = `sqlite:${join(folder, "mintmark.db")}`;
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (options = {}) => acceptClock.run({ store: url } as never, recordingLogger(), options);

/** A process starts, with its clock ahead by so much. */
async function start(ahead: number): Promise<void> {
  const machine = fakeMachine();
  machine.set(ahead);
  const store = await openStore(url);
  try {
    const [clock, logger] = [systemClock(machine), recordingLogger()];
    await IssuingClock.open({ store, clock, machine, logger, maxClockLag: 10_000, startTimeout: 0 });
  } finally {
    await store.close();
  }
}

it("has a node start with today's clock, again and again, and the next accident is one again", async () => {
  for (const time of [1, 2]) {
    await start(time * YEAR);
    await expect(start(0)).rejects.toThrow(StoreUnusableError);
    expect(await run({ yes: true })).toContain(`Forgotten: what was told up to ${2026 + time}-01-0`);
    await start(0);
  }
});

it("does nothing unless it is told to, and says what it would mean", async () => {
  await start(YEAR);
  await expect(run()).rejects.toThrow(UsageError);
  await expect(run()).rejects.toThrow("become active when their time comes");
  await expect(start(0)).rejects.toThrow(StoreUnusableError);
});

it("finds nothing to forget in a new store", async () => {
  expect(await run({ yes: true })).toContain("Nothing was told");
});
