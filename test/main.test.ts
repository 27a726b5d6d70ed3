import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const main = join(import.meta.dirname, "../src/main.ts");

/** What the program says of a command line that makes no sense. */
function complaint(...args: readonly string[]): string {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env: {} });
  expect(status).toBe(1);
  return stderr;
}

describe("a command line that makes no sense", () => {
  it.each([
    [["copy", "mongodb://user:hunter2@host"], "An argument is unexpected: a command takes options alone"],
    [["copy", "--form", "mongodb://user:hunter2@host"], "Unknown option '--form'"],
    [["copy", "--form=mongodb://user:hunter2@host"], "Unknown option '--form'"],
    [["copy", "--from=redis://user:hunter2@host", "--to=sqlite::memory:"], "The URL of the store must begin with"],
    [["mongodb://user:hunter2@host"], "usage: mintmark"],
    [["copy", "--to"], "Option '--to <value>' argument missing"],
  ])("is told what is expected, and no argument is repeated: %j", (args, message) => {
    const told = complaint(...args);
    expect(told).toContain(message);
    expect(told).not.toContain("hunter2");
    expect(told).not.toMatch(/^ +at /m);
  });
});
