import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesAnyGlob } from "../../src/base/glob.ts";

describe("glob", () => {
  it.each([
    ["", ""],
    ["*", ""],
    ["*", "anything"],
    ["user-*", "user-"],
    ["user-*", "user-1"],
    ["*@example.com", "a@example.com"],
    ["a*b*c", "aXbYc"],
    ["a*b*c", "abbc"],
    ["a.c", "a.c"],
  ])("%j takes %j", (glob, text) => {
    expect(matchesAnyGlob([glob], text)).toBe(true);
  });

  it.each([
    ["", "a"],
    ["user-*", "user"],
    ["user-*", "a user-1"],
    ["*@example.com", "a@example.com.evil"],
    ["aa*aa", "aaa"],
    ["a*b*c", "acb"],
    ["a.c", "abc"],
    ["A", "a"],
  ])("%j refuses %j", (glob, text) => {
    expect(matchesAnyGlob([glob], text)).toBe(false);
  });

  it("is one of several, or any if there is no list of them", () => {
    expect(matchesAnyGlob(["a", "user-*"], "user-1")).toBe(true);
    expect(matchesAnyGlob([], "user-1")).toBe(false);
    expect(matchesAnyGlob(undefined, "user-1")).toBe(true);
  });

  it("is a regular expression in which only * is special", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "*", ".") });
    fc.assert(
      fc.property(text, text, (glob, subject) => {
        const expression = glob
          .split("*")
          .map((piece) => piece.replaceAll(".", "\\."))
          .join(".*");
        expect(matchesAnyGlob([glob], subject)).toBe(new RegExp(`^${expression}$`).test(subject));
      }),
    );
  });
});
