/** Prints what the house measures: files and their lines, comments, exports without a doc comment. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const src = join(import.meta.dirname, "..", "src");

const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ name: relative(src, path), lines: readFileSync(path, "utf8").trimEnd().split("\n") }));

const byLength = files.toSorted((a, b) => a.lines.length - b.lines.length);
const longest = byLength.at(-1);
console.log(`files: ${files.length}`);
console.log(
  `lines: median ${byLength[byLength.length >> 1]?.lines.length}, longest ${longest?.lines.length} (${longest?.name})`,
);

const isComment = (line: string) => /^\s*(?:\/\*\*|\*|\/\/)/.test(line);
for (const room of [...new Set(files.map(({ name }) => name.split("/")[0] ?? ""))].sort()) {
  const lines = files.filter(({ name }) => name.split("/")[0] === room).flatMap((file) => file.lines);
  const filled = lines.filter((line) => line.trim() !== "");
  console.log(`comments in ${room}: ${Math.round((100 * filled.filter(isComment).length) / filled.length)} %`);
}

const undocumented = files.flatMap(({ name, lines }) =>
  lines.flatMap((line, at) => {
    const [, exported] = /^export (?!\*|\{|type \{)(?:\w+ )+?(\w+)\b/.exec(line) ?? [];
    return exported === undefined || /\*\/\s*$/.test(lines[at - 1] ?? "") ? [] : [`${name}: ${line.slice(0, 70)}`];
  }),
);
console.log(`exports without a doc comment: ${undocumented.length}`);
for (const each of undocumented) console.log(`  ${each}`);
