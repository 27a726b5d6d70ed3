import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const docs = join(import.meta.dirname, "../../docs");
const index = readFileSync(join(docs, "README.md"), "utf8");

const pages = readdirSync(docs, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));

it.each(pages.filter((name) => name !== "README.md"))("the list of all pages has %s", (name) => {
  expect(index).toContain(`](${name})`);
});
