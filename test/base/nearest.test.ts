import { describe, expect, test } from "vitest";
import { nearest } from "../../src/base/nearest.ts";

describe("the nearest name", () => {
  test.each([
    ["acessTokenLifetime", "accessTokenLifetime"],
    ["access_token_lifetime", "accessTokenLifetime"],
    ["SECRETS", "secrets"],
    ["secret", "secrets"],
    ["gratns", "grants"],
  ])("of %s is %s", (name, known) =>
    expect(nearest(name, ["grants", "secrets", "accessTokenLifetime", "idTokenLifetime"])).toBe(known),
  );

  test("there is none of what is like nothing", () => {
    expect(nearest("colour", ["grants", "secrets"])).toBeUndefined();
    expect(nearest("nope", ["copy", "mint"])).toBeUndefined();
  });
});
