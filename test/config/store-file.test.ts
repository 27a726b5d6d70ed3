import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { fileWorld, problemsOf, yamlOf } from "./context.ts";

const URL = "mongodb+srv://mint:hunter2@db.example/mint?tls=true";

describe("the store's URL", () => {
  const env = { MINTMARK_STORE_FILE: "/run/secrets/store" };
  const inFile = (text: string, more = {}) =>
    fileWorld(yamlOf({}, {}, { store: "sqlite:/file.db" }), { ...env, ...more }, { "/run/secrets/store": text });

  test("may be in a file, which overrides the configuration's", () => {
    expect(loadConfig(inFile(`${URL}\n`)).store).toBe(URL);
    expect(loadConfig(inFile("sqlite:/secret/b.db")).dataDirectory).toBe("/secret");
  });

  test("is given once", () => {
    expect(problemsOf(inFile(URL, { MINTMARK_STORE: URL }))).toEqual([
      "MINTMARK_STORE: cannot be used with MINTMARK_STORE_FILE",
    ]);
  });

  test("of a file that cannot be read, or holds none, is named by the variable and not repeated", () => {
    expect(problemsOf(fileWorld(yamlOf(), env))).toEqual([
      "MINTMARK_STORE_FILE: cannot read /run/secrets/store (ENOENT)",
    ]);
    for (const text of ["", "hunter2@db.example", "mongodb://mint:<password>@db.example"]) {
      const [problem, ...others] = problemsOf(inFile(text));
      expect(others).toEqual([]);
      expect(problem).toMatch(/^MINTMARK_STORE_FILE: expected a store's URL/);
      expect(problem).not.toMatch(/hunter2|example/);
    }
  });
});
