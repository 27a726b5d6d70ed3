import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { parseSecret } from "../../src/registry/secret.ts";
import { fileWorld, yamlOf } from "../config/context.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandAnswer, commandLine } from "../support/command-line.ts";

const SECRET = "correct-horse-battery";
const HASH = ["client", "hash-secret"];

describe("mintmark client hash-secret", () => {
  it("generates a secret, whose hash the configuration takes", async () => {
    const { secret, hash } = await commandAnswer([...HASH, "--generate"]);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect((await commandAnswer([...HASH, "-", "--kind", "sha256"], { input: secret })).hash).toBe(hash);
    expect(() => loadConfig(fileWorld(yamlOf({ secrets: [hash] })))).not.toThrow();
    expect((await commandAnswer([...HASH, "--generate"])).secret).not.toBe(secret);
  });

  it("hashes what a person chose with scrypt, from standard input, a file or a prompt", async () => {
    const folder = await makeFolder();
    writeFileSync(join(folder, "secret"), `${SECRET}\n`);
    const ways = [
      await commandLine([...HASH, "--field", "hash"], { input: `${SECRET}\n` }),
      await commandLine([...HASH, "secret", "--field", "hash"], { cwd: folder }),
      await commandLine([...HASH, "--field", "hash"], { typed: `${SECRET}\n${SECRET}\n` }),
    ];
    for (const { code, stdout, stderr } of ways) {
      expect(code).toBe(0);
      expect(stderr).not.toContain(SECRET);
      const parsed = parseSecret(stdout.trim());
      expect(parsed).toMatchObject({ kind: "scrypt", logN: 15, r: 8, p: 3 });
      expect(() => loadConfig(fileWorld(yamlOf({ secrets: [stdout.trim()] })))).not.toThrow();
    }
    await removeFolder(folder);
  });

  it.each([
    ["short", "The secret must have at least 16 characters."],
    ["<the secret of web>", "The secret must be a real secret, not a placeholder"],
    ["", "The secret must have at least 16 characters."],
  ])("refuses %j, which a start would", async (input, message) => {
    const { code, stderr } = await commandLine(HASH, { input });
    expect([code, stderr]).toEqual([1, `mintmark: ${message}${message.endsWith(".") ? "" : " such as {…} or <…>."}\n`]);
  });

  it("refuses two that differ, and a file beside --generate", async () => {
    expect((await commandLine(HASH, { typed: `${SECRET}\n${SECRET}!\n` })).stderr).toContain(
      "The secrets do not match.",
    );
    expect((await commandLine([...HASH, "x", "--generate"])).stderr).toContain(
      "--generate cannot be used with a file.",
    );
  });
});
