import fc from "fast-check";
import { MaxKey } from "mongodb";
import { describe, expect, it } from "vitest";
import { FOREVER } from "../../../src/base/clock.ts";
import { ownId, rowId, toBsonDate, toInstant } from "../../../src/store/mongodb/values.ts";

describe("a row's id", () => {
  it("is the tenant's and the row's own", () => {
    expect(rowId("acme", "family")).toBe("acme/family");
    expect(rowId("a/b", "c/d")).toBe("a%2Fb/c/d");
    expect(rowId("a%2Fb", "c")).toBe("a%252Fb/c");
  });

  it("is never that of another tenant or another row, and tells which row it is", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "/", "%", "2", "F") });
    fc.assert(
      fc.property(part, part, part, part, (tenant, id, otherTenant, otherId) => {
        const _id = rowId(tenant, id);
        expect(ownId({ _id, tenant })).toBe(id);
        expect(_id === rowId(otherTenant, otherId)).toBe(tenant === otherTenant && id === otherId);
      }),
    );
  });
});

describe("an instant in a row", () => {
  it("is a date, and none for ever", () => {
    expect(toBsonDate(0)).toEqual(new Date(0));
    expect(toBsonDate(FOREVER - 1)).toEqual(new Date(FOREVER - 1));
    expect(toBsonDate(FOREVER)).toBeInstanceOf(MaxKey);
  });

  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.integer({ min: -FOREVER, max: FOREVER }), (instant) => {
        expect(toInstant(toBsonDate(instant))).toBe(instant);
      }),
    );
    expect(toInstant(toBsonDate(FOREVER))).toBe(FOREVER);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 0.5, FOREVER + 2])("is never %s", (instant) => {
    expect(() => toBsonDate(instant)).toThrow(RangeError);
  });
});
