import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rowsOf } from "../support/snippets.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const page = read("docs/standards.md");

/** A standard as comments name it. */
const STANDARD = /RFC \d{4}|draft-[a-z0-9-]+[a-z0-9]|OpenID Connect (?:Core|Discovery)/g;

/** Those that a text names; a draft without its revision. */
const standardsIn = (text: string): ReadonlySet<string> =>
  new Set(text.match(STANDARD)?.map((name) => name.replace(/-\d\d$/, "")));

/** What a cell has between backticks that is a path, from the root. */
function pathsIn(cell = ""): readonly string[] {
  const names = Array.from(cell.matchAll(/`([\w./-]+(?:\.ts|\.proto|\/))`/g), ([, name = ""]) => name);
  return names.map((name) => (/^(?:interop|proto|test)\//.test(name) ? name : join("src", name)));
}

const rows = rowsOf(page, "proven by");

describe("the page about the standards", () => {
  it.each(rows.map((row) => [row.standard, row] as const))("has files that there are for %s", (_, row) => {
    const [code, proofs] = [pathsIn(row.where), pathsIn(row["proven by"])];
    expect([code.length > 0, proofs.length > 0]).toEqual([true, true]);
    expect([...code, ...proofs].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(rows.map((row) => [row.standard, row] as const))("sends a reader of %s to code that names it", (_, row) => {
    const named = standardsIn(pathsIn(row.where).map(read).join("\n"));
    expect([...standardsIn(row.standard ?? "")].filter((standard) => !named.has(standard))).toEqual([]);
  });

  const sources = ["src", "proto/mintmark"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:ts|proto)$/.test(name))
      .map((name) => join(folder, name)),
  );

  it("has a row for each standard that the code names", () => {
    const told = standardsIn(rows.map((row) => row.standard).join("\n"));
    const named = standardsIn(sources.map(read).join("\n").replaceAll("RFC 7523bis", ""));
    expect(named.size).toBeGreaterThan(40);
    expect([...named].filter((standard) => !told.has(standard))).toEqual([]);
  });
});
