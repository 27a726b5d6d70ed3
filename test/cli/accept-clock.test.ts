import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { IssuingClock } from "../../src/engine/issuing-clock.ts";
import { openStore } from "../../src/store/index.ts";
import { StoreUnusableError } from "../../src/store/port.ts";
import { fakeMachine } from "../support/clock.ts";
import { commandLine } from "../support/command-line.ts";
import { recordingLogger } from "../support/logger.ts";

const YEAR = 365 * 86_400_000;

let folder: string;
let url: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-clock-"));
  url = `sqlite:${join(folder, "mintmark.db")}`;
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (options: readonly string[], typed?: string) =>
  commandLine(["accept-clock", ...options], { env: { MINTMARK_STORE: url }, ...(typed !== undefined && { typed }) });

/** A process starts, with its clock ahead by so much. */
async function start(ahead: number): Promise<void> {
  const machine = fakeMachine();
  machine.set(ahead);
  const store = await openStore(url);
  try {
    const clock = systemClock(machine);
    await IssuingClock.open({ store, clock, machine, emit: () => undefined, maxClockLag: 10_000, startTimeout: 0 });
  } finally {
    await store.close();
  }
}

it("has a node start with today's clock, again and again, and the next accident is one again", async () => {
  for (const time of [1, 2]) {
    await start(time * YEAR);
    await expect(start(0)).rejects.toThrow(StoreUnusableError);
    const { code, stdout } = await run(["--yes"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Discarded the recorded time ${2026 + time}-01-0`);
    await start(0);
  }
});

it("does nothing unless it is told to, and says what it would mean", async () => {
  await start(YEAR);
  for (const typed of [undefined, "n\n", "\n", "\u0003", "\u0004"]) {
    const { code, stderr } = await run([], typed);
    expect(code).toBe(1);
    expect(stderr).toContain("become active when their time comes");
    await expect(start(0)).rejects.toThrow(StoreUnusableError);
  }
});

it("asks on a terminal", async () => {
  await start(YEAR);
  expect((await run([], "y\n")).code).toBe(0);
  await start(0);
});

it("does nothing while a process uses the store, nor if there is none", async () => {
  const none = await run(["--yes"]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("There is no SQLite file")]);
  await start(YEAR);
  const server = await openStore(url, { role: "server", logger: recordingLogger() });
  const { code, stderr } = await run(["--yes"]);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`process id ${process.pid}. Stop it first.`)]);
  await server.close();
  await expect(start(0)).rejects.toThrow(StoreUnusableError);
});

it("finds nothing to forget in a new store", async () => {
  await (await openStore(url)).close();
  expect((await run(["--yes"])).stdout).toContain("The store has no recorded time");
});
