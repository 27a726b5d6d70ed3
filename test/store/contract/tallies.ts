import { describe, expect, it } from "vitest";
import type { Subject } from "../contract.ts";
import { atOnce, NOW, oddIds } from "./records.ts";

export function talliesContract(subject: Subject): void {
  describe("tallies", () => {
    const tallies = (tenant?: string) => subject.tenant(tenant).tallies;
    const adding = (id: string, by: number, expiresAt = NOW + 1000) => ({ id, by, expiresAt });

    it("begin at 0, and tell what they are after an addition", async () => {
      expect(await tallies().add([adding("a", 2), adding("b", 0)])).toEqual([2, 0]);
      expect(await tallies().add([adding("b", 5), adding("c", 1), adding("a", 3)])).toEqual([5, 1, 5]);
      expect(await tallies().add([])).toEqual([]);
    });

    it("lose nothing of 16 additions at once", async () => {
      await atOnce(16, () => tallies().add([adding("a", 1), adding("b", 2)]));
      expect(await tallies().add([adding("a", 0), adding("b", 0)])).toEqual([16, 32]);
    });

    it("tell one alone of 16 that begin it at once that it was the first", async () => {
      const told = await atOnce(16, () => tallies().add([adding("a", 1)]));
      expect(told.flat().filter((count) => count === 1)).toEqual([1]);
      expect(await tallies().add([adding("a", 1)])).toEqual([17]);
    });

    it("are each tenant's own, and odd ids apart", async () => {
      await tallies("acme").add(oddIds.map((id, index) => adding(id, index + 1)));
      expect(await tallies("globex").add([adding(oddIds[0] ?? "", 1)])).toEqual([1]);
      expect(await tallies("acme").add(oddIds.map((id) => adding(id, 0)))).toEqual(oddIds.map((_, index) => index + 1));
    });

    it("are swept once the time of their first addition is over", async () => {
      await tallies().add([adding("a", 1, NOW + 10), adding("b", 1, NOW + 20)]);
      await tallies().add([adding("a", 1, NOW + 1000)]);
      expect(await subject.store.sweep(NOW + 10, 10)).toBe(0);
      expect(await subject.store.sweep(NOW + 11, 10)).toBe(1);
      expect(await tallies().add([adding("a", 1), adding("b", 1)])).toEqual([1, 2]);
    });
  });
}
