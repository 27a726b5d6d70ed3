import { describe, expect, it } from "vitest";
import { FOREVER } from "../../../src/base/clock.ts";
import type { Subject } from "../contract.ts";
import { aRevocation, atOnce, NOW, oddIds } from "./records.ts";

export function revocationsContract(subject: Subject): void {
  describe("revocations", () => {
    const revocations = () => subject.tenant().revocations;

    it("are found by the ids that are asked for, and no others", async () => {
      const raised = ["a", "b", "c"].map((id, index) => aRevocation({ id, notAfter: NOW + index }));
      await Promise.all(raised.map((row) => revocations().raise(row)));
      expect(await revocations().find([])).toEqual([]);
      expect(await revocations().find(["d"])).toEqual([]);
      const found = await revocations().find(["c", "d", "a", "a"]);
      expect(found.toSorted((one, other) => one.notAfter - other.notAfter)).toStrictEqual([raised[0], raised[2]]);
      expect(await revocations().find(["b"])).toStrictEqual([raised[1]]);
      const many = Array.from({ length: 20 }, (_, index) => `${index}`);
      expect(await revocations().find([...many, "b", ...many, "b"])).toStrictEqual([raised[1]]);
    });

    it("keep odd ids apart", async () => {
      await Promise.all(oddIds.map((id, index) => revocations().raise(aRevocation({ id, notAfter: index }))));
      for (const [index, id] of oddIds.entries()) {
        expect(await revocations().find([id])).toStrictEqual([aRevocation({ id, notAfter: index })]);
      }
      expect(await revocations().find(oddIds)).toHaveLength(oddIds.length);
    });

    it("only grow, each of the two on its own", async () => {
      await revocations().raise(aRevocation());
      await revocations().raise(aRevocation({ notAfter: NOW - 1, expiresAt: NOW + 9_000 }));
      expect(await revocations().find(["revocation"])).toStrictEqual([aRevocation({ expiresAt: NOW + 9_000 })]);
      await revocations().raise(aRevocation({ notAfter: NOW + 1, expiresAt: NOW }));
      expect(await revocations().find(["revocation"])).toStrictEqual([
        aRevocation({ notAfter: NOW + 1, expiresAt: NOW + 9_000 }),
      ]);
    });

    it("end at the highest of 16 at once", async () => {
      await atOnce(16, (index) => revocations().raise(aRevocation({ notAfter: NOW + ((index * 7) % 16) })));
      expect(await revocations().find(["revocation"])).toStrictEqual([aRevocation({ notAfter: NOW + 15 })]);
    });

    it("may be for ever", async () => {
      await revocations().raise(aRevocation());
      await revocations().raise(aRevocation({ notAfter: FOREVER, expiresAt: FOREVER }));
      await revocations().raise(aRevocation({ notAfter: NOW + 1 }));
      expect(await revocations().find(["revocation"])).toStrictEqual([
        aRevocation({ notAfter: FOREVER, expiresAt: FOREVER }),
      ]);
    });

    it("are found though their time is over", async () => {
      await revocations().raise(aRevocation({ expiresAt: 1 }));
      expect(await revocations().find(["revocation"])).toStrictEqual([aRevocation({ expiresAt: 1 })]);
    });
  });
}
