import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../../src/base/random.ts";
import { makeFamilyId, makeJti, parseJti } from "../../src/token/jti.ts";
import { seededRandom } from "../support/random.ts";

describe("jti", () => {
  it("is a UUIDv7 of its moment", () => {
    const jti = makeJti(Date.UTC(2026, 0, 1), undefined, seededRandom());
    expect(jti).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseJti(jti)).toEqual({ issuedAt: Date.UTC(2026, 0, 1), family: undefined });
  });

  it("tells its moment and its family, whatever they are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.boolean(), (moment, hasFamily) => {
        const family = hasFamily ? makeFamilyId(systemRandom) : undefined;
        expect(parseJti(makeJti(moment, family, systemRandom))).toEqual({ issuedAt: moment, family });
      }),
    );
  });

  it("differs from one token to the next of the same moment", () => {
    const random = seededRandom();
    const made = new Set(Array.from({ length: 100 }, () => makeJti(1, undefined, random)));
    expect(made.size).toBe(100);
  });

  it("is nothing else", () => {
    const jti = makeJti(1, makeFamilyId(systemRandom), systemRandom);
    for (const text of ["", "x", jti.toUpperCase(), `${jti}x`, `${jti}.x`, jti.slice(0, -1), jti.replace("-7", "-4")]) {
      expect(parseJti(text), text).toBeUndefined();
    }
  });
});
