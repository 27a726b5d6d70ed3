import { describe, expect, it } from "vitest";
import { FOREVER } from "../../../src/base/clock.ts";
import type { Subject } from "../contract.ts";
import { aCut, atOnce, NOW, oddIds } from "./records.ts";

export function revocationsContract(subject: Subject): void {
  describe("revocations", () => {
    const revocations = () => subject.tenant().revocations;

    it("are found by the ids that are asked for, and no others", async () => {
      const cuts = ["a", "b", "c"].map((id, index) => aCut({ id, notAfter: NOW + index }));
      await Promise.all(cuts.map((cut) => revocations().cut(cut)));
      expect(await revocations().find([])).toEqual([]);
      expect(await revocations().find(["d"])).toEqual([]);
      const found = await revocations().find(["c", "d", "a", "a"]);
      expect(found.toSorted((one, other) => one.notAfter - other.notAfter)).toStrictEqual([cuts[0], cuts[2]]);
    });

    it("keep odd ids apart", async () => {
      await Promise.all(oddIds.map((id, index) => revocations().cut(aCut({ id, notAfter: index }))));
      for (const [index, id] of oddIds.entries()) {
        expect(await revocations().find([id])).toStrictEqual([aCut({ id, notAfter: index })]);
      }
      expect(await revocations().find(oddIds)).toHaveLength(oddIds.length);
    });

    it("only grow, each of the two on its own", async () => {
      await revocations().cut(aCut());
      await revocations().cut(aCut({ notAfter: NOW - 1, expiresAt: NOW + 9_000 }));
      expect(await revocations().find(["cut"])).toStrictEqual([aCut({ expiresAt: NOW + 9_000 })]);
      await revocations().cut(aCut({ notAfter: NOW + 1, expiresAt: NOW }));
      expect(await revocations().find(["cut"])).toStrictEqual([aCut({ notAfter: NOW + 1, expiresAt: NOW + 9_000 })]);
    });

    it("end at the highest of 16 at once", async () => {
      await atOnce(16, (index) => revocations().cut(aCut({ notAfter: NOW + ((index * 7) % 16) })));
      expect(await revocations().find(["cut"])).toStrictEqual([aCut({ notAfter: NOW + 15 })]);
    });

    it("may be for ever", async () => {
      await revocations().cut(aCut());
      await revocations().cut(aCut({ notAfter: FOREVER, expiresAt: FOREVER }));
      await revocations().cut(aCut({ notAfter: NOW + 1 }));
      expect(await revocations().find(["cut"])).toStrictEqual([aCut({ notAfter: FOREVER, expiresAt: FOREVER })]);
    });

    it("are found though their time is over", async () => {
      await revocations().cut(aCut({ expiresAt: 1 }));
      expect(await revocations().find(["cut"])).toStrictEqual([aCut({ expiresAt: 1 })]);
    });
  });
}
