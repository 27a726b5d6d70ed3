import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rowsOf } from "../support/snippets.ts";
import { FAULTS } from "./faults.ts";
import { MUTATIONS } from "./mutations.ts";

const root = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(root, "docs", "reliability.md"), "utf8");

describe("the mutations", () => {
  it.each(MUTATIONS)("$name applies to the mint as it is", ({ edits }) => {
    for (const { file, search } of edits) expect(readFileSync(join(root, file), "utf8").split(search)).toHaveLength(2);
  });

  it("are those that the page lists", () => {
    const listed = rowsOf(page, "mutation").map(({ mutation = "", "what it does": what }) => [mutation, what]);
    expect(listed).toEqual(MUTATIONS.map(({ name, what }) => [`\`${name}\``, what]));
  });

  it("stand beside the faults, of which the page names each", () => {
    expect(rowsOf(page, "fault").map(({ fault }) => fault)).toEqual(FAULTS.map(String));
  });
});
