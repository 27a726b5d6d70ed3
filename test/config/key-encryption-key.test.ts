import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { keyBytes, keyText } from "../support/key-encryption-key.ts";
import { fileWorld, KEY, problemsOf, yamlOf } from "./context.ts";

describe("the key-encryption key", () => {
  const without = { MINTMARK_KEY_ENCRYPTION_KEY: "" };

  test("is needed with a configuration file, and the error says how to make one", () => {
    const [problem, ...others] = problemsOf(fileWorld(yamlOf(), without));
    expect(others).toEqual([]);
    expect(problem).toMatch(/^MINTMARK_KEY_ENCRYPTION_KEY: expected 32 bytes in base64url.*openssl rand -hex 32$/);
  });

  test("may be in a file", () => {
    const env = { ...without, MINTMARK_KEY_ENCRYPTION_KEY_FILE: "kek" };
    const key = keyBytes(9);
    const config = loadConfig(fileWorld(yamlOf(), env, { "/srv/kek": `${keyText(9)}\n` }));
    expect(config.keyEncryptionKeys).toEqual([key]);
    expect(problemsOf(fileWorld(yamlOf(), env))).toEqual([
      "MINTMARK_KEY_ENCRYPTION_KEY_FILE: cannot read kek (ENOENT)",
    ]);
    expect(problemsOf(fileWorld(yamlOf(), env, { "/srv/kek": "" }))[0]).toMatch(
      /^MINTMARK_KEY_ENCRYPTION_KEY_FILE: expected 32 bytes/,
    );
  });

  test("may be in a file that the configuration names, which the variables override", () => {
    const yaml = yamlOf({}, {}, { keyEncryptionKeyFile: "kek" });
    const files = { "/srv/kek": keyText(9) };
    expect(loadConfig(fileWorld(yaml, without, files)).keyEncryptionKeys).toEqual([keyBytes(9)]);
    expect(loadConfig(fileWorld(yaml, {}, files)).keyEncryptionKeys).toEqual([keyBytes()]);
    const env = { ...without, MINTMARK_KEY_ENCRYPTION_KEY_FILE: "other" };
    expect(loadConfig(fileWorld(yaml, env, { "/srv/other": keyText(3) })).keyEncryptionKeys).toEqual([keyBytes(3)]);
    expect(problemsOf(fileWorld(yaml, without))).toEqual(["keyEncryptionKeyFile: cannot read kek (ENOENT)"]);
  });

  test("is given once", () => {
    const env = { MINTMARK_KEY_ENCRYPTION_KEY_FILE: "kek" };
    expect(problemsOf(fileWorld(yamlOf(), env, { "/srv/kek": KEY }))).toEqual([
      "MINTMARK_KEY_ENCRYPTION_KEY: cannot be used with MINTMARK_KEY_ENCRYPTION_KEY_FILE",
    ]);
  });

  const random = randomBytes(32);
  const hex = random.toString("hex");

  test.each([
    ["base64url", random.toString("base64url")],
    ["base64", random.toString("base64")],
    ["base64 without padding", random.toString("base64").replace("=", "")],
    ["hex", hex],
    ["hex in capitals", hex.toUpperCase()],
  ])("may be written in %s", (_, MINTMARK_KEY_ENCRYPTION_KEY) => {
    const config = loadConfig(fileWorld(yamlOf(), { MINTMARK_KEY_ENCRYPTION_KEY }));
    expect(config.keyEncryptionKeys).toEqual([Uint8Array.from(random)]);
  });

  test.each(["short", KEY.slice(1), `${KEY}==`, `${hex}=`, hex.slice(1), `${hex}00`, `${KEY.slice(1)}!`])(
    "is refused if it is not 32 bytes in one of these (%s), and not repeated",
    (key) => {
      const problems = problemsOf(fileWorld(yamlOf(), { MINTMARK_KEY_ENCRYPTION_KEY: key }));
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^MINTMARK_KEY_ENCRYPTION_KEY: expected 32 bytes/);
      expect(problems[0]).not.toContain(key);
    },
  );
});

describe("a key-encryption key that is not random", () => {
  const patterns = [
    new Uint8Array(32),
    new Uint8Array(32).fill(255),
    Uint8Array.from({ length: 32 }, (_, index) => index % 2),
    Buffer.from("0123456789abcde0123456789abcde01"),
  ].map((bytes) => Buffer.from(bytes).toString("base64url"));

  test.each(patterns)("is refused, and not repeated: %s", (MINTMARK_KEY_ENCRYPTION_KEY) => {
    const problems = problemsOf(fileWorld(yamlOf(), { MINTMARK_KEY_ENCRYPTION_KEY }));
    expect(problems).toEqual([
      expect.stringMatching(
        /^MINTMARK_KEY_ENCRYPTION_KEY: expected random bytes, not a repeating pattern; to generate a key: openssl/,
      ),
    ]);
    expect(problems.join()).not.toContain(MINTMARK_KEY_ENCRYPTION_KEY);
    const two = problemsOf(
      fileWorld(yamlOf(), { MINTMARK_KEY_ENCRYPTION_KEY: `${KEY},${MINTMARK_KEY_ENCRYPTION_KEY}` }),
    );
    expect(two).toEqual([expect.stringMatching(/^MINTMARK_KEY_ENCRYPTION_KEY\[1\]: expected random bytes/)]);
  });

  test("is not taken for one that is", () => {
    for (let i = 0; i < 100; i++) {
      const MINTMARK_KEY_ENCRYPTION_KEY = randomBytes(32).toString("base64url");
      expect(problemsOf(fileWorld(yamlOf(), { MINTMARK_KEY_ENCRYPTION_KEY }))).toEqual([]);
    }
  });
});

describe("several key-encryption keys", () => {
  const keys = Array.from({ length: 9 }, (_, number) => keyText(number));
  const [a = "", b = "", c = ""] = keys;
  const withKeys = (MINTMARK_KEY_ENCRYPTION_KEY: string) => fileWorld(yamlOf(), { MINTMARK_KEY_ENCRYPTION_KEY });
  const bytes = (...all: number[]) => all.map(keyBytes);

  test.each([
    [`${b},${a}`, [1, 0]],
    [`${b}, ${a},\t${c}`, [1, 0, 2]],
    [`${a}\n${b}\r\n\n${c}\n`, [0, 1, 2]],
    [` ${c} `, [2]],
    [keys.slice(0, 8).join(" "), [0, 1, 2, 3, 4, 5, 6, 7]],
  ])("are separated by commas or white space, in their order: %j", (text, order) => {
    expect(loadConfig(withKeys(text)).keyEncryptionKeys).toEqual(bytes(...order));
  });

  test("may be in a file, one a line", () => {
    const env = { MINTMARK_KEY_ENCRYPTION_KEY: "", MINTMARK_KEY_ENCRYPTION_KEY_FILE: "kek" };
    const config = loadConfig(fileWorld(yamlOf(), env, { "/srv/kek": `${b}\n${a}\n` }));
    expect(config.keyEncryptionKeys).toEqual(bytes(1, 0));
  });

  test("are at most 8", () => {
    expect(problemsOf(withKeys(keys.join()))).toEqual(["MINTMARK_KEY_ENCRYPTION_KEY: expected at most 8 keys, got 9"]);
  });

  test("are all different", () => {
    expect(problemsOf(withKeys(`${a},${b},${a}`))).toEqual([
      "MINTMARK_KEY_ENCRYPTION_KEY[2]: duplicate of the key at [0]",
    ]);
  });

  test("are all different, however they are written", () => {
    const again = Buffer.from(keyBytes(0)).toString("hex");
    expect(problemsOf(withKeys(`${a},${again}`))).toEqual([
      "MINTMARK_KEY_ENCRYPTION_KEY[1]: duplicate of the key at [0]",
    ]);
  });

  test("are named by their position if they are not keys, and not quoted", () => {
    const problems = problemsOf(withKeys(`${a},hunter2,${b.slice(1)}`));
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^MINTMARK_KEY_ENCRYPTION_KEY\[1\]: expected 32 bytes in base64url/);
    expect(problems[1]).toMatch(/^MINTMARK_KEY_ENCRYPTION_KEY\[2\]: expected 32 bytes in base64url/);
    expect(problems.join()).not.toContain("hunter2");
    expect(problems.join()).not.toContain(b.slice(1));
  });

  test("are missing if there are only separators", () => {
    expect(problemsOf(withKeys(" ,\n"))[0]).toMatch(/^MINTMARK_KEY_ENCRYPTION_KEY: expected 32 bytes in base64url/);
  });
});
