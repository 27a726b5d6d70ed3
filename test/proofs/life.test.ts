import fc from "fast-check";
import { describe, it } from "vitest";
import { stores } from "../support/stores.ts";
import { lifeProperty } from "./life.ts";

describe("the life of tokens is what their clients were told", () => {
  it.each(stores)(
    "on $name",
    async (kind) => {
      await fc.assert(kind.isFar ? lifeProperty(kind, 20) : lifeProperty(kind, 50), { numRuns: kind.isFar ? 2 : 8 });
    },
    60_000,
  );
});
