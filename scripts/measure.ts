/**
 * Prints what the house measures: files and their lines, imports that go up, circles, the files on the way of a mint,
 * exports without a doc comment, comments.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { House, readTexts } from "../test/architecture/house.ts";
import { rules } from "../test/architecture/rules.ts";
import { filesOnTheWay } from "./on-the-way.ts";

const texts = readTexts();
const house = new House(texts, rules);
const files = house.files.map((name) => ({ name, lines: (texts.get(`src/${name}.ts`) ?? "").trimEnd().split("\n") }));

const byLength = files.toSorted((a, b) => a.lines.length - b.lines.length);
const longest = byLength.at(-1);
console.log(`files: ${files.length}`);
console.log(
  `lines: median ${byLength[byLength.length >> 1]?.lines.length}, longest ${longest?.lines.length} (${longest?.name}.ts)`,
);

list(
  "imports that go up",
  house.files.flatMap((file) => house.upward(file).map((target) => `${file} -> ${target}`)),
);
list(
  "files in circles",
  house.files.filter((file) => house.circleFrom(file).length > 0),
);
list(
  "exports without a doc comment",
  house.files.flatMap((file) => house.undocumentedExports(file).map((name) => `${file}: ${name}`)),
);

const page = readFileSync(join(import.meta.dirname, "..", "docs", "architecture.md"), "utf8");
const told = page.split("## The life of one request")[1]?.split("\n## ")[0] ?? "";
const named = new Set([...told.matchAll(/`([\w/-]+)\.ts`/g)].map(([, name = ""]) => name));
const onTheWay = await filesOnTheWay();
list("files on the way of a mint by a form", onTheWay);
list(
  "of them named in docs/architecture.md, for a reader to follow",
  onTheWay.filter((name) => named.has(name)),
);

const isComment = (line: string) => /^\s*(?:\/\*\*|\*|\/\/)/.test(line);
for (const room of [...new Set(files.map(({ name }) => name.split("/")[0] ?? ""))].sort()) {
  const lines = files.filter(({ name }) => name.split("/")[0] === room).flatMap((file) => file.lines);
  const comments = lines.filter(isComment).length;
  const share = (all: readonly string[]) => `${((100 * comments) / all.length).toFixed(1)} %`;
  const filled = lines.filter((line) => line.trim() !== "");
  console.log(`comments in ${room}: ${share(lines)} of all lines, ${share(filled)} of those that are not blank`);
}

function list(what: string, found: readonly string[]): void {
  console.log(`${what}: ${found.length}`);
  for (const each of found) console.log(`  ${each}`);
}
