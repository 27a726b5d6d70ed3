import { describe, expect, it } from "vitest";
import { FOREVER } from "../../../src/base/clock.ts";
import type { Subject } from "../contract.ts";
import { atOnce, oddIds } from "./records.ts";

export function metaContract(subject: Subject): void {
  describe("meta", () => {
    const meta = () => subject.tenant().meta;

    it("is undefined where it was never raised", async () => {
      expect(await meta().read("number")).toBeUndefined();
    });

    it("only grows, and tells what it is then", async () => {
      expect(await meta().raise("number", 10)).toBe(10);
      expect(await meta().raise("number", 5)).toBe(10);
      expect(await meta().read("number")).toBe(10);
      expect(await meta().raise("number", 10.5)).toBe(10.5);
      expect(await meta().raise("number", FOREVER)).toBe(FOREVER);
      expect(await meta().read("number")).toBe(FOREVER);
    });

    it("may be raised to 0 at first", async () => {
      expect(await meta().raise("number", 0)).toBe(0);
      expect(await meta().read("number")).toBe(0);
    });

    it("ends at the highest of 16 at once", async () => {
      await atOnce(16, (index) => meta().raise("number", (index * 7) % 16));
      expect(await meta().read("number")).toBe(15);
    });

    it("keeps odd names apart", async () => {
      await Promise.all(oddIds.map((name, index) => meta().raise(name, index)));
      for (const [index, name] of oddIds.entries()) expect(await meta().read(name)).toBe(index);
    });
  });
}
