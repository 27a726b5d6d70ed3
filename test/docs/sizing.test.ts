import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rowsOf } from "../support/snippets.ts";

const read = (name: string) => readFileSync(join(import.meta.dirname, "../..", name), "utf8");

it("the page has a row for each operation that the command measures", () => {
  const measured = [...read("scripts/sizing.ts").matchAll(/await tell\("([^"]+)"/g)].map(([, name]) => name);
  expect(measured).toHaveLength(7);
  expect(rowsOf(read("docs/sizing.md"), "operation").map(({ operation }) => operation)).toEqual(measured);
});
