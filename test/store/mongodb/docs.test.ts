import { readFileSync } from "node:fs";
import { BSON } from "mongodb";
import { describe, expect, it } from "vitest";
import { blocksOf, plain, rowsOf } from "../../support/snippets.ts";

const page = readFileSync(new URL("../../../docs/mongodb.md", import.meta.url), "utf8");
const examples = new Map(
  blocksOf(page)
    .filter(({ info }) => info.startsWith("json "))
    .map(({ info, text }) => [info.slice("json ".length), BSON.EJSON.parse(text) as BSON.Document]),
);

describe("the page about MongoDB", () => {
  it("has an example of every collection's rows", () => {
    const collections = ["keys", "families", "reference_tokens", "revocations", "meta", "tallies", "registrations"];
    expect([...examples.keys()]).toEqual(collections);
  });

  it.each(rowsOf(page, "bytes"))("tells the size of a row: %j", ({ collection = "", bytes }) => {
    expect(BSON.calculateObjectSize(examples.get(plain(collection)) ?? {})).toBe(Number(bytes));
  });
});
