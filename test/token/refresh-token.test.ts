import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../../src/base/random.ts";
import { makeFamilyId } from "../../src/token/jti.ts";
import {
  formatRefreshToken,
  keyGenerationOf,
  looksLikeRefreshToken,
  parseRefreshToken,
} from "../../src/token/refresh-token.ts";

const mac = (generation: number, text: string) =>
  generation < 3 ? createHmac("sha256", `key ${generation}`).update(text).digest("base64url") : undefined;

const token = { keyGeneration: 2, family: makeFamilyId(systemRandom), generation: 41 };
const text = formatRefreshToken(token, mac) ?? "";

describe("refresh token", () => {
  it("is <key generation>.<family>.<generation>.<mac>", () => {
    expect(text).toMatch(new RegExp(`^2\\.${token.family}\\.41\\.[A-Za-z0-9_-]{43}$`));
    expect(parseRefreshToken(text, mac)).toEqual(token);
    expect(keyGenerationOf(text)).toBe(2);
  });

  it("is the same every time it is made", () => {
    expect(formatRefreshToken(token, mac)).toBe(text);
  });

  it("is refused with any one character changed", () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(..."aZ09_-."), (at, character) => {
        fc.pre(text[at] !== character);
        expect(parseRefreshToken(text.slice(0, at) + character + text.slice(at + 1), mac)).toBeUndefined();
      }),
    );
  });

  it("is refused if its key is unknown, or another", () => {
    expect(formatRefreshToken({ ...token, keyGeneration: 3 }, mac)).toBeUndefined();
    expect(parseRefreshToken(text.replace(/^2/, "3"), mac)).toBeUndefined();
    expect(parseRefreshToken(text, (_, signed) => mac(1, signed))).toBeUndefined();
  });

  it("is told from other texts by its shape", () => {
    expect(looksLikeRefreshToken(text)).toBe(true);
    for (const other of ["", "a.b.c", `${text}.`, ` ${text}`, text.replace(".41.", ".041.")]) {
      expect(looksLikeRefreshToken(other), other).toBe(false);
    }
  });
});
