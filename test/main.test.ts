import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TELL_PACKAGES } from "./support/loaded-packages.ts";

const main = join(import.meta.dirname, "../src/main.ts");

/** What the program says, and what it ends with. */
function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env: {} });
  return { status, stdout, stderr };
}

describe("the real program", () => {
  it("tells its version, and loads little for it", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...TELL_PACKAGES, main, "--version"], {
      encoding: "utf8",
      env: {},
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "0.1.0\n", stderr: "packages: commander\n" });
  });

  it("ends with 1 if the command line makes no sense, and tells no stack", () => {
    const { status, stdout, stderr } = run("copy", "mongodb://user:hunter2@host");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^mintmark: /);
    expect(stderr).not.toMatch(/hunter2|^ +at /m);
  });

  it.skipIf(!existsSync("/dev/full"))("ends with 1 if the disk is full, and says so", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [main, "--version"], {
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    expect([status, stderr]).toEqual([1, expect.stringContaining("(ENOSPC)")]);
  });
});
