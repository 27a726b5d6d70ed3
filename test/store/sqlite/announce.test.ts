import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { announce, LOOK_EVERY } from "../../../src/store/sqlite/announce.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import { EventLog } from "../../../src/telemetry/log.ts";
import { recordingLogger } from "../../support/logger.ts";
import { makeFolder, removeFolder } from "./folder.ts";

let folder: string;
let file: string;
const leavers: (() => void)[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  folder = await makeFolder();
  file = join(folder, "mintmark.db");
  writeFileSync(file, "");
});
afterEach(async () => {
  for (const leave of leavers.splice(0)) leave();
  vi.useRealTimers();
  await removeFolder(folder);
});

/** One more process, as far as the file is concerned: its log, and what ends it. */
function arrive(role: "server" | "copy", path = file) {
  const logger = recordingLogger();
  const leave = announce(path, role, { logger, emit: new EventLog(logger, () => 0).listen });
  leavers.push(leave);
  return { logger, leave };
}

const SERVER = { level: "warn", fields: { event: "store_shared", role: "server", otherPid: process.pid } };
const COPY = { level: "warn", fields: { event: "store_shared", role: "copy", otherPid: process.pid } };
const marks = () => readdirSync(folder).filter((name) => name !== "mintmark.db" && !name.endsWith(".link"));

describe("a store that is to be alone on its file", () => {
  it("is not opened while another process serves it, and leaves no mark", async () => {
    const alone = () => openSqliteStore(`sqlite:${file}`, { alone: true });
    const { leave } = arrive("server");
    const before = marks();
    await expect(alone()).rejects.toThrow(`in use by another process, a server with the process id ${process.pid}`);
    expect(marks()).toEqual(before);
    leave();
    await (await alone()).close();
  });
});

describe("processes on one file", () => {
  it("are told of each other once: whoever comes at its start, whoever was there a little later", () => {
    const [first, second] = [arrive("server"), arrive("server")];
    expect(first.logger.lines).toEqual([]);
    expect(second.logger.lines).toMatchObject([SERVER]);
    for (let times = 0; times < 3; times++) vi.advanceTimersByTime(LOOK_EVERY);
    expect(first.logger.lines).toMatchObject([SERVER]);
    expect(second.logger.lines).toHaveLength(1);
    expect(first.logger.lines[0]?.message).toBe("another process uses the same SQLite file");
  });

  it("are told of a copy, though it was over before they looked", () => {
    const server = arrive("server");
    const copy = arrive("copy");
    expect(copy.logger.lines).toMatchObject([SERVER]);
    copy.leave();
    vi.advanceTimersByTime(2 * LOOK_EVERY);
    expect(server.logger.lines).toMatchObject([COPY]);
    expect(marks()).toHaveLength(1);
  });

  it("are told of every one, by whatever path it names the file", () => {
    symlinkSync(file, join(folder, "other.link"));
    const all = [arrive("server"), arrive("copy", join(folder, "other.link")), arrive("server")];
    vi.advanceTimersByTime(LOOK_EVERY);
    for (const { logger } of all) expect(logger.lines).toHaveLength(2);
  });

  it("leave nothing behind, in whatever order they go", () => {
    const [first, second, third] = [arrive("server"), arrive("server"), arrive("copy")];
    for (const { leave } of [second, third, first]) leave();
    expect(marks()).toEqual([]);
  });

  it("say nothing of files that are not theirs", () => {
    for (const name of ["mintmark.db-wal", "mintmark.db.bak", "mintmark.db.server-1-x", "x.server-1-000000000000"]) {
      writeFileSync(join(folder, name), "");
    }
    const { logger } = arrive("server");
    vi.advanceTimersByTime(LOOK_EVERY);
    expect(logger.lines).toEqual([]);
  });
});

describe("a process that was killed", () => {
  it("is no reason for a warning, and its mark goes", async () => {
    const module = new URL("../../../src/store/sqlite/presence.ts", import.meta.url);
    const script = `
      const { Presence } = await import(${JSON.stringify(module)});
      globalThis.presence = new Presence(${JSON.stringify(file)}, "server");
      console.log("here");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const { logger, leave } = arrive("server");
    expect(logger.lines).toMatchObject([{ fields: { event: "store_shared", otherPid: child.pid } }]);
    expect(marks()).toHaveLength(2);
    leave();

    child.kill("SIGKILL");
    await once(child, "close");
    expect(marks()).not.toEqual([]);
    const next = arrive("server");
    vi.advanceTimersByTime(LOOK_EVERY);
    expect(next.logger.lines).toEqual([]);
    expect(marks()).toHaveLength(1);
  });
});

it("a folder that goes away is told once, and ends nothing", () => {
  const { logger, leave } = arrive("server");
  rmSync(folder, { recursive: true });
  for (let times = 0; times < 3; times++) vi.advanceTimersByTime(LOOK_EVERY);
  expect(logger.lines).toMatchObject([{ level: "warn", message: expect.stringContaining("cannot detect") }]);
  leave();
});

it("a store tells of others only if it has a role, and a file", async () => {
  const logger = recordingLogger();
  const told = { logger, listener: new EventLog(logger, () => 0).listen };
  const passing = await openSqliteStore(`sqlite:${file}`, told);
  expect(marks().filter((name) => name.includes("server"))).toEqual([]);
  const server = await openSqliteStore(`sqlite:${file}`, { ...told, role: "server" });
  const memory = await openSqliteStore("sqlite::memory:", { ...told, role: "server" });
  expect(logger.lines).toEqual([]);
  const copy = await openSqliteStore(`sqlite:${file}`, { ...told, role: "copy" });
  expect(logger.lines).toMatchObject([SERVER]);
  await Promise.all([passing, server, memory, copy].map((store) => store.close()));
  expect(readdirSync(folder)).toEqual(["mintmark.db"]);
});
