import { describe, expect, it } from "vitest";
import { systemRandom } from "../../src/base/random.ts";
import { handleDigest, looksLikeHandle, makeHandle } from "../../src/token/reference-token.ts";

describe("reference token", () => {
  it("is 256 random bits, never the same twice", () => {
    const handles = new Set(Array.from({ length: 100 }, () => makeHandle(systemRandom)));
    expect(handles.size).toBe(100);
    for (const handle of handles) expect(Buffer.from(handle, "base64url")).toHaveLength(32);
  });

  it("is known by its shape", () => {
    expect(looksLikeHandle(makeHandle(systemRandom))).toBe(true);
    expect(looksLikeHandle("a.b.c")).toBe(false);
  });

  it("is stored as its SHA-256", () => {
    expect(handleDigest("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });
});
