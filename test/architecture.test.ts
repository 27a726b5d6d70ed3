import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { House, readTexts } from "./architecture/house.ts";
import { type Rules, rules } from "./architecture/rules.ts";

const texts = readTexts();
const house = new House(texts, rules);

describe("architecture", () => {
  it.each(house.files)("%s imports only what its room may", (file) => {
    expect(house.trespasses(file)).toEqual([]);
  });

  it.each(house.files)("%s imports nothing that stands above it", (file) => {
    expect(house.upward(file)).toEqual([]);
  });

  it.each(house.files)("%s is in no circle", (file) => {
    expect(house.circleFrom(file)).toEqual([]);
  });

  it.each(house.files)("%s exports nothing that nobody imports", (file) => {
    expect(house.unusedExports(file)).toEqual([]);
  });

  it.each(house.files)("%s has a doc comment for each export", (file) => {
    expect(house.undocumentedExports(file)).toEqual([]);
  });

  it.each(house.files)("%s has at most 250 lines", (file) => {
    expect(texts.get(`src/${file}.ts`)?.split("\n").length).toBeLessThanOrEqual(251);
  });

  const ofRequests = house.files.filter((file) => /^(authorities|engine|grants|http|keyring|rpc|wire)\//.test(file));
  it.each(ofRequests)("%s tells what happens by events, and writes no log", (file) => {
    expect(house.neighbours(file)).not.toContain("base/logger");
  });

  it.each(Object.keys(rules))("has a use for each part of the rule of %s", (room) => {
    expect(house.leftOver(room)).toEqual([]);
  });

  it("is told with files that there are", () => {
    const page = readFileSync(new URL("../docs/architecture.md", import.meta.url), "utf8");
    const named = [...page.matchAll(/`([\w/.-]+\.ts)`/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !texts.has(name) && !texts.has(`src/${name}`) && name !== "port.ts")).toEqual([]);
  });

  it("looks at files that have imports and exports", () => {
    expect(house.neighbours("engine/operations/mint")).toContain("engine/clients/authenticate");
    expect(house.exportsOf("engine/operations/mint")).toEqual(["mint"]);
  });
});

describe("what a door refuses", () => {
  /** The sentences in the strings of a file. */
  const sentencesIn = (file: string) => {
    const lines = texts.get(`src/${file}.ts`)?.split("\n") ?? [];
    const code = lines.filter((line) => !/^ *(\*|\/[*/])/.test(line)).join("\n");
    return [...code.matchAll(/"([A-Z][^"\n]* [^"\n]*\.)"/g)].map(([, sentence = ""]) => sentence);
  };

  it.each(house.files.filter((file) => /^(http|rpc|wire)\//.test(file)))("is put into words once: %s", (file) => {
    const said = new Set(house.files.filter((other) => other !== file).flatMap(sentencesIn));
    expect(sentencesIn(file).filter((sentence) => said.has(sentence))).toEqual([]);
  });

  it("is put into words that are looked at", () => {
    expect(sentencesIn("wire/refusals")).toEqual(["The body is too large.", "The content type is not supported here."]);
  });
});

/** All files that a node is made of: what `server/node` and the files that it imports import, and its jobs. */
function filesOfNode(): ReadonlySet<string> {
  const files = new Set(["server/node", "server/jobs"]);
  for (const file of files) for (const imported of house.neighbours(file)) files.add(imported);
  return files;
}

describe("a node", () => {
  /** Where a platform's time and randomness come from. */
  const platform = new Set(["server/platform", "base/clock", "base/random"]);
  const files = [...filesOfNode()].filter((file) => !platform.has(file));
  const ownTime =
    /\b(setTimeout|setInterval|setImmediate|node:timers|Date\.now|performance\.now|hrtime|thisMachine)\b|new Date\(\)/;
  const ownRandomness = /\b(Math\.random|randomUUID|randomBytes|randomInt|getRandomValues|systemRandom)\b/;

  it.each(files)("takes time and randomness from its platform alone: %s", (file) => {
    const text = texts.get(`src/${file}.ts`);
    expect(text).not.toMatch(ownTime);
    expect(text).not.toMatch(ownRandomness);
  });

  it("is made of the engine and what that stands on", () => {
    expect(files).toEqual(expect.arrayContaining(["engine/operations/mint", "keyring/rotator", "server/jobs"]));
  });
});

/** A made-up house: `top` stands on `base`, and a room of rooms between them has a port and two adapters. */
const madeUp: Rules = {
  main: "composes",
  top: "composes",
  "store/left": { rooms: ["store/port"], packages: ["driver"] },
  "store/right": { rooms: ["store/port"] },
  "store/port": { rooms: ["base"] },
  base: { rooms: [] },
};

/** All that is wrong in a house of these files, by their names in `src/`, each with the file that it is in. */
function faultsOf(files: Readonly<Record<string, string>>, madeUpRules: Rules = madeUp): readonly string[] {
  const made = Object.entries(files).map(([name, text]) => [`src/${name}.ts`, text] as const);
  const built = new House(new Map(made), madeUpRules);
  return built.files.flatMap((file) => [
    ...built.trespasses(file).map((target) => `${file} trespasses on ${target}`),
    ...built.upward(file).map((target) => `${file} imports ${target} above it`),
    ...built.circleFrom(file).map((target) => `${file} is in a circle with ${target}`),
    ...built.unusedExports(file).map((name) => `${file} exports ${name} for nobody`),
    ...built.undocumentedExports(file).map((name) => `${file} says nothing of ${name}`),
  ]);
}

const upward = ["base/a trespasses on src/top/b.ts", "base/a imports top/b above it"];

describe("a made-up house", () => {
  it("is without fault if all is as it should be", () => {
    const files = {
      main: 'import { run } from "./top/run.ts";\nrun();',
      "top/run": 'import * as a from "../base/a.ts";\n/** Runs. */\nexport function run() { a.one(a.two); }',
      "base/a":
        '/** One. */\nexport const one = 1, { two } = { two: 2 };\n/** As `type T = import("../top/run.ts").T` would. */\nfunction b() {}',
      "store/left/index": 'import { port } from "../port.ts";\nimport "driver";\nimport "node:fs";\nport;',
      "store/port": 'import type { one as two } from "../base/a.ts";\n/** A port. */\nexport let port: typeof two;',
    };
    expect(faultsOf(files)).toEqual([]);
  });

  it.each([
    ["a plain import", 'import { b } from "../top/b.ts";'],
    ["single quotes", "import { b } from '../top/b.ts'"],
    ["lines", 'import {\n  b,\n} from\n  "../top/b.ts";'],
    ["a type", 'import type { b } from "../top/b.ts";'],
    ["the type of an import", 'let b: import("../top/b.ts").b;'],
    ["nothing but effects", 'import "../top/b.ts";'],
    ["a re-export", '/** B. */\nexport { b as default } from "../top/b.ts";', "base/a exports default for nobody"],
    ["an import() over lines", 'const { b } = await import(\n  "../top/b.ts"\n);'],
    ["an import() with a comment", 'const { b } = await import(/* later */ "../top/b.ts");'],
    ["an import() of a template", "const { b } = await import(`../top/b.ts`);"],
  ])("does not import upward, by %s", (_, text, ...more) => {
    const files = { "base/a": text, "top/b": "/** B. */\nexport const b = 1;", "top/c": 'import { b } from "./b.ts";' };
    expect(faultsOf(files)).toEqual([...upward, ...more]);
  });

  it("does not import what cannot be known", () => {
    expect(faultsOf({ "base/a": 'await import("../top/" + name);' })).toEqual(["base/a trespasses on (computed)"]);
  });

  it("does not import upward among those that compose", () => {
    expect(faultsOf({ "top/a": 'import "../main.ts";', main: "" })).toEqual(["top/a imports main above it"]);
  });

  it("does not import upward even if a rule allows it", () => {
    const turned = { ...madeUp, base: { rooms: ["top"] } };
    expect(faultsOf({ "base/a": 'import "../top/b.ts";', "top/b": "" }, turned)).toEqual([
      "base/a imports top/b above it",
    ]);
  });

  it("has no adapter that knows another, and no port that knows an adapter", () => {
    const files = {
      "store/left/index": 'import "../right/index.ts";',
      "store/right/index": "",
      "store/port": 'import type {} from "./left/index.ts";',
    };
    expect(faultsOf(files)).toEqual([
      "store/left/index trespasses on src/store/right/index.ts",
      "store/port trespasses on src/store/left/index.ts",
      "store/port imports store/left/index above it",
    ]);
  });

  it("has no folder without a rule", () => {
    expect(faultsOf({ "attic/a": "" })).toEqual(["attic/a trespasses on it is in a room that has no rule"]);
  });

  it("has no packages but those that are allowed", () => {
    expect(faultsOf({ "base/a": 'import "driver/deep";', "store/left/b": 'import "driver/deep";' })).toEqual([
      "base/a trespasses on driver/deep",
    ]);
  });

  it("has no circle within a room either", () => {
    const files = { "base/a": 'import "./b.ts";', "base/b": 'import "./c.ts";', "base/c": 'import "./a.ts";' };
    expect(faultsOf(files)).toHaveLength(6);
  });

  it.each([
    ["a declaration", "export const a = 1;", "a"],
    ["a list", "const a = 1;\nexport { a as b };", "b"],
    ["a default", "export default function a() {}", "default"],
    ["a default value", "export default 1;", "default"],
    ["a pattern", "export const { a: [b] } = { a: [1] };", "b"],
    ["a re-export", 'export type { x as y } from "driver";', "y"],
    ["a whole re-export", 'export * from "driver";', "*"],
    ["a named whole re-export", 'export * as all from "driver";', "all"],
  ])("exports nothing for nobody, by %s", (_, text, name) => {
    const file = "store/left/a";
    const silent = [`${file} exports ${name} for nobody`, `${file} says nothing of ${name}`];
    expect(faultsOf({ [file]: text })).toEqual(silent);
    expect(faultsOf({ [file]: `/** What it is. */\n${text.split("\n").join("\n/** What it is. */\n")}` })).toEqual([
      silent[0],
    ]);
  });

  it("uses what it imports later only if it takes it", () => {
    const files = {
      "base/a": "/** One. */\nexport const one = 1;\n/** Two. */\nexport const two = 2;",
      main: 'const { one } = await import("./base/a.ts");',
    };
    expect(faultsOf(files)).toEqual(["base/a exports two for nobody"]);
  });

  it("has no rule or part of one that nobody needs", () => {
    const built = new House(new Map([["src/store/port.ts", ""]]), madeUp);
    expect(built.leftOver("store/port")).toEqual(["base"]);
    expect(built.leftOver("store/left")).toEqual(["store/left"]);
  });
});
