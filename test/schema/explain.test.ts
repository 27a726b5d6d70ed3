import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readShape } from "../../src/schema/explain.ts";
import { Problems } from "../../src/schema/problems.ts";

const schema = z.object({ clients: z.record(z.string(), z.object({ lifetime: z.number() })) });

/** So many clients, of which each second one has a mistake. */
const clients = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, { lifetime: n % 2 === 0 ? n : "long" }]));

describe("a shape whose entries mean the same without each other", () => {
  it("is read without those that have a mistake, however many have", () => {
    const count = 20_000;
    const problems = new Problems();
    const read = readShape(schema, { clients: clients(count) }, problems, (path) => path.slice(0, 2));
    expect(Object.keys(read?.clients ?? {})).toHaveLength(count / 2);
    expect(read?.clients.c2).toEqual({ lifetime: 2 });
    expect(() => problems.throwIfAny()).toThrow("clients.c19999.lifetime: expected a number, got a string");
  });

  it("is not read if a mistake spoils more", () => {
    const problems = new Problems();
    const wrong = { clients: clients(2), other: 1 };
    expect(readShape(schema.strict(), wrong, problems, ([top]) => (top === "other" ? undefined : [top ?? ""]))).toBe(
      undefined,
    );
  });
});
