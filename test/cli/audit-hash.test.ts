import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashedIdentifier } from "../../src/telemetry/audit/identifiers.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandAnswer, commandLine } from "../support/command-line.ts";
import { keyBytes, keyText } from "../support/key-encryption-key.ts";

let cwd: string;
beforeAll(async () => {
  cwd = await makeFolder();
  writeFileSync(join(cwd, "audit-key"), `${keyText()}\n`);
  writeFileSync(join(cwd, "not-a-key"), "secret text");
});
afterAll(() => removeFolder(cwd));

const HASH = ["audit", "hash"];

describe("mintmark audit hash", () => {
  const hash = hashedIdentifier(keyBytes())("alice");

  it("computes what stands for an identifier in the audit", async () => {
    expect(await commandAnswer([...HASH, "--key-file", "audit-key", "alice"], { cwd })).toEqual({ hash });
    expect(await commandAnswer([...HASH, "--key-file", "audit-key", "-"], { cwd, input: "alice\n" })).toEqual({ hash });
    const { stdout } = await commandLine([...HASH, "--key-file", "audit-key", "alice", "--field", "hash"], { cwd });
    expect(stdout).toBe(`${hash}\n`);
  });

  it.each([
    [["alice"], "--key-file <path> is required"],
    [["--key-file", "audit-key"], "identifier"],
    [["--key-file", "missing", "alice"], "Cannot read the file for the key (ENOENT)"],
    [
      ["--key-file", "not-a-key", "alice"],
      "--key-file must be a file that contains 32 bytes in base64url, base64 or hex.",
    ],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await commandLine([...HASH, ...args], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("secret text");
  });
});
