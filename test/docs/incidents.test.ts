import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { rowsOf } from "../support/snippets.ts";

const root = join(import.meta.dirname, "../..");
const read = (name: string) => readFileSync(join(root, name), "utf8");

it("every alert is explained, and no other", () => {
  const { groups } = parse(read("deploy/alerts.yaml")) as { groups: { rules: { alert: string }[] }[] };
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  const told = rowsOf(read("docs/incidents.md"), "alert").flatMap((row) => row.alert?.match(/\w{2,}/g) ?? []);
  expect(told.toSorted()).toEqual(alerts.toSorted());
});

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  const headings = [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

it.each(pages)("the links of %s to headings lead somewhere", (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s:]*)#([^)\s]+)\)/g)];
  const lost = links.filter(([, file = "", anchor = ""]) => {
    const target = file === "" ? page : join(page, "..", file);
    return target.endsWith(".md") && !anchorsOf(target).includes(anchor);
  });
  expect(lost.map(([link]) => link)).toEqual([]);
});
