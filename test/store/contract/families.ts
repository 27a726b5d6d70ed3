import { describe, expect, it } from "vitest";
import { FOREVER } from "../../../src/base/clock.ts";
import type { FamilyRecord } from "../../../src/store/port.ts";
import type { Subject } from "../contract.ts";
import { aFamily, aStep, atOnce, NOW, oddIds } from "./records.ts";

export function familiesContract(subject: Subject): void {
  const families = () => subject.tenant().families;

  describe("families", () => {
    it("are undefined where there is none", async () => {
      expect(await families().find("family")).toBeUndefined();
    });

    it("come back as they were created", async () => {
      const bare = aFamily({ id: "bare", namespace: undefined, subject: undefined });
      const empty = aFamily({ id: "empty", namespace: "", subject: "", decision: "" });
      const full = aFamily({ subject: "nul \0, 日本語 🪙", decision: `["${"x".repeat(100_000)}"]`, purgeAt: FOREVER });
      const revoked = aFamily({ id: "revoked", revokedAt: 0, generation: 7 });
      for (const family of [bare, empty, full, revoked]) {
        await families().create(family);
        expect(await families().find(family.id)).toStrictEqual(family);
      }
    });

    it("keep odd ids apart", async () => {
      await Promise.all(oddIds.map((id, index) => families().create(aFamily({ id, attemptId: `attemptId.${index}` }))));
      for (const [index, id] of oddIds.entries()) {
        expect(await families().find(id)).toStrictEqual(aFamily({ id, attemptId: `attemptId.${index}` }));
      }
    });

    it("are found together, each once, but for those that there are not", async () => {
      const ids = ["one", "two", "three"];
      for (const id of ids) await families().create(aFamily({ id, revokedAt: id === "two" ? 5 : undefined }));
      const found = await families().findAll(["three", "none", "two", "three", "two"]);
      expect(found.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toStrictEqual([
        aFamily({ id: "three" }),
        aFamily({ id: "two", revokedAt: 5 }),
      ]);
      expect(await families().findAll([])).toEqual([]);
    });

    it("refuse an id that is there already, and stay as they were", async () => {
      await families().create(aFamily());
      await expect(families().create(aFamily({ client: "other" }))).rejects.toThrow();
      expect(await families().find("family")).toStrictEqual(aFamily());
    });

    it("are found though their time is over", async () => {
      const over = aFamily({ expiresAt: 1, purgeAt: 2 });
      await families().create(over);
      expect(await families().find("family")).toStrictEqual(over);
    });
  });

  describe("families advance", () => {
    const advanced = (changes: Partial<FamilyRecord> = {}): FamilyRecord =>
      aFamily({
        generation: 1,
        rotatedAt: NOW + 10,
        attemptId: "attemptId.1",
        expiresAt: NOW + 1_010,
        purgeAt: NOW + 2_010,
        ...changes,
      });

    it("to the next generation", async () => {
      await families().create(aFamily());
      await families().create(aFamily({ id: "other" }));
      expect(await families().advance("family", aStep())).toBe("advanced");
      expect(await families().find("family")).toStrictEqual(advanced());
      expect(await families().find("other")).toStrictEqual(aFamily({ id: "other" }));
    });

    it("from a row that is behind the token", async () => {
      await families().create(aFamily());
      expect(await families().advance("family", aStep({ from: 5, to: 6 }))).toBe("advanced");
      expect(await families().find("family")).toStrictEqual(advanced({ generation: 6 }));
    });

    it("in place where refresh tokens are reused", async () => {
      await families().create(aFamily());
      const steps = await atOnce(4, (index) =>
        families().advance("family", aStep({ to: 0, attemptId: `attemptId.${index}` })),
      );
      expect(steps).toEqual(Array(4).fill("advanced"));
      expect(await families().find("family")).toMatchObject({ generation: 0, rotatedAt: NOW + 10 });
    });

    it("never from an older generation: the row in the way is told", async () => {
      await families().create(aFamily());
      await families().advance("family", aStep());
      expect(await families().advance("family", aStep({ attemptId: "late" }))).toStrictEqual(advanced());
      expect(await families().find("family")).toStrictEqual(advanced());
    });

    it("never once revoked", async () => {
      const revoked = aFamily({ revokedAt: NOW + 5 });
      await families().create(aFamily());
      await families().revoke("family", NOW + 5);
      expect(await families().advance("family", aStep())).toStrictEqual(revoked);
      expect(await families().advance("family", aStep({ to: 0 }))).toStrictEqual(revoked);
      expect(await families().find("family")).toStrictEqual(revoked);
    });

    it("nowhere where there is none", async () => {
      expect(await families().advance("family", aStep())).toBeUndefined();
      expect(await families().find("family")).toBeUndefined();
    });

    it("with a purge that only grows, and an expiry that may shrink", async () => {
      await families().create(aFamily());
      await families().advance("family", aStep({ purgeAt: NOW, expiresAt: NOW }));
      expect(await families().find("family")).toStrictEqual(advanced({ purgeAt: NOW + 2_000, expiresAt: NOW }));
    });

    it("once, of 64 at once from one generation", async () => {
      await families().create(aFamily());
      const results = await atOnce(64, (index) => families().advance("family", aStep({ attemptId: `node.${index}` })));
      const winner = results.indexOf("advanced");
      const row = advanced({ attemptId: `node.${winner}` });
      expect(results.filter((result) => result === "advanced")).toHaveLength(1);
      for (const result of results.toSpliced(winner, 1)) expect(result).toStrictEqual(row);
      expect(await families().find("family")).toStrictEqual(row);
    });

    it("or are revoked, of both at once: the row tells which came first", async () => {
      await families().create(aFamily());
      const [step, revoked] = await Promise.all([
        families().advance("family", aStep()),
        families().revoke("family", NOW + 20),
      ]);
      expect(revoked).toBe(true);
      const end = { revokedAt: NOW + 20 };
      expect(await families().find("family")).toStrictEqual(step === "advanced" ? advanced(end) : aFamily(end));
    });
  });

  describe("families reconcile", () => {
    it("while the attemptId is the row's", async () => {
      await families().create(aFamily());
      const later = aFamily().purgeAt + 50;
      expect(await families().reconcile("family", "attemptId.0", NOW + 50, later)).toBe(true);
      expect(await families().find("family")).toStrictEqual(aFamily({ rotatedAt: NOW + 50, purgeAt: later }));
    });

    it("never back: what was settled later stays", async () => {
      await families().create(aFamily());
      const later = aFamily().purgeAt + 50;
      await families().reconcile("family", "attemptId.0", NOW + 50, later);
      expect(await families().reconcile("family", "attemptId.0", NOW + 49, later - 1)).toBe(true);
      expect(await families().find("family")).toStrictEqual(aFamily({ rotatedAt: NOW + 50, purgeAt: later }));
    });

    it("never for another attemptId, or where there is none", async () => {
      await families().create(aFamily());
      expect(await families().reconcile("family", "attemptId.1", NOW + 50, NOW + 50)).toBe(false);
      expect(await families().reconcile("other", "attemptId.0", NOW + 50, NOW + 50)).toBe(false);
      expect(await families().find("family")).toStrictEqual(aFamily());
    });
  });

  describe("families end", () => {
    it("once: the first end stays", async () => {
      await families().create(aFamily());
      await families().create(aFamily({ id: "other" }));
      expect(await families().revoke("family", NOW + 5)).toBe(true);
      expect(await families().revoke("family", NOW + 9)).toBe(false);
      expect(await families().find("family")).toStrictEqual(aFamily({ revokedAt: NOW + 5 }));
      expect(await families().find("other")).toStrictEqual(aFamily({ id: "other" }));
    });

    it("by one of 16 at once", async () => {
      await families().create(aFamily());
      const ended = await atOnce(16, (index) => families().revoke("family", NOW + index));
      expect(ended.filter(Boolean)).toHaveLength(1);
      expect(await families().find("family")).toStrictEqual(aFamily({ revokedAt: NOW + ended.indexOf(true) }));
    });

    it("not where there is none", async () => {
      expect(await families().revoke("family", NOW)).toBe(false);
      expect(await families().find("family")).toBeUndefined();
    });
  });
}
