import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { Io } from "../../../src/cli/frame/io.ts";
import { isForPeople, type LogSettings, openCommandLog } from "../../../src/cli/frame/log.ts";

const settings: LogSettings = { logLevel: "info", logFormat: "auto" };
const ISO = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

/** What a command's log writes for one warning. */
async function logged(isTTY: boolean, logFormat: LogSettings["logFormat"]): Promise<string> {
  const chunks: string[] = [];
  const stderr = new Writable({ write: (chunk, _, done) => done(void chunks.push(String(chunk))) });
  const logger = await openCommandLog({ stderr: Object.assign(stderr, { isTTY }) } as Partial<Io> as Io, {
    ...settings,
    logFormat,
  });
  logger.warn({ tenant: "acme", err: new Error("the cause") }, "something was odd");
  logger.debug({}, "never seen");
  return chunks.join("");
}

describe("the log", () => {
  it.each([
    [false, "auto"],
    [true, "json"],
  ] as const)("is JSON with a level by name and an ISO time: terminal %s, %s", async (isTTY, format) => {
    const line = await logged(isTTY, format);
    expect(line).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(line)).toMatchObject({
      level: "warn",
      time: expect.stringMatching(new RegExp(`^${ISO}$`)),
      tenant: "acme",
      msg: "something was odd",
      err: { message: "the cause" },
    });
  });

  it.each([
    [true, "auto"],
    [false, "pretty"],
  ] as const)("is for people: terminal %s, %s", async (isTTY, format) => {
    const text = stripVTControlCharacters(await logged(isTTY, format));
    expect(text).toMatch(new RegExp(`^\\[${ISO}\\] WARN: something was odd \\{"tenant":"acme"`));
    expect(text).toContain("the cause");
    expect(text).not.toContain("never seen");
  });

  it("says who reads it", () => {
    const terminal = { isTTY: true } as Io["stdout"];
    expect(isForPeople(terminal, settings)).toBe(true);
    expect(isForPeople(terminal, { ...settings, logFormat: "json" })).toBe(false);
  });
});
