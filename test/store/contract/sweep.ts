import { describe, expect, it } from "vitest";
import { FOREVER } from "../../../src/base/clock.ts";
import type { Subject } from "../contract.ts";
import { aFamily, aKey, aReferenceToken, aRegistration, aRevocation, NOW } from "./records.ts";

const ALL = 1_000;

export function sweepContract(subject: Subject): void {
  describe("sweep", () => {
    it("deletes nothing where there is nothing", async () => {
      expect(await subject.store.sweep(NOW, ALL)).toBe(0);
    });

    it("deletes what was over before now, and not what is over now", async () => {
      const { families, referenceTokens, revocations } = subject.tenant();
      for (const [id, at] of Object.entries({ before: NOW - 1, now: NOW, after: NOW + 1 })) {
        await families.create(aFamily({ id, expiresAt: 1, purgeAt: at }));
        await referenceTokens.create(aReferenceToken({ digest: id, expiresAt: at }));
        await revocations.raise(aRevocation({ id, notAfter: 1, expiresAt: at }));
      }
      expect(await subject.store.sweep(NOW, ALL)).toBe(3);
      expect(await families.find("before")).toBeUndefined();
      expect(await referenceTokens.find("before")).toBeUndefined();
      expect(await revocations.find(["before"])).toEqual([]);
      for (const id of ["now", "after"]) {
        expect(await families.find(id)).toBeDefined();
        expect(await referenceTokens.find(id)).toBeDefined();
        expect(await revocations.find([id])).toHaveLength(1);
      }
    });

    it("never deletes what is for ever, nor keys, nor meta", async () => {
      const { keys, families, revocations, meta } = subject.tenant();
      await keys.append(aKey({ createdAt: 1, activateAt: 1 }), 0);
      await meta.raise("number", 1);
      await families.create(aFamily({ expiresAt: 1, purgeAt: FOREVER }));
      await revocations.raise(aRevocation({ notAfter: 1, expiresAt: FOREVER }));
      expect(await subject.store.sweep(FOREVER, ALL)).toBe(0);
      expect(await keys.list()).toHaveLength(1);
      expect(await meta.read("number")).toBe(1);
      expect(await families.find("family")).toBeDefined();
      expect(await revocations.find(["revocation"])).toHaveLength(1);
    });

    it("goes by a revoked family's purge, not by its end", async () => {
      const { families } = subject.tenant();
      await families.create(aFamily({ revokedAt: 1, expiresAt: 1, purgeAt: NOW + 1 }));
      expect(await subject.store.sweep(NOW, ALL)).toBe(0);
      expect(await subject.store.sweep(NOW + 2, ALL)).toBe(1);
    });

    it("keeps a revocation that was raised in time", async () => {
      const { revocations } = subject.tenant();
      await revocations.raise(aRevocation({ expiresAt: NOW - 1 }));
      await revocations.raise(aRevocation({ expiresAt: NOW + 1 }));
      expect(await subject.store.sweep(NOW, ALL)).toBe(0);
    });

    it("gives every kind of row a fair share, and what one kind does not need to the others", async () => {
      const { families, referenceTokens, revocations, tallies } = subject.tenant();
      const { registrations } = subject.store;
      for (let row = 0; row < 20; row++) await families.create(aFamily({ id: `${row}`, purgeAt: 1 }));
      const tally = (by: number) => ["1", "2", "3"].map((id) => ({ id, by, expiresAt: 1 }));
      await tallies.add(tally(1));
      for (const part of ["1", "2", "3"]) {
        await referenceTokens.create(aReferenceToken({ digest: part, expiresAt: 1 }));
        await revocations.raise(aRevocation({ id: part, expiresAt: 1 }));
        await registrations.put(aRegistration({ id: part, deletedAt: 1, purgeAt: 1 }), undefined);
      }
      expect(await subject.store.sweep(NOW, 15)).toBe(15);
      for (const part of ["1", "2", "3"]) {
        expect(await referenceTokens.find(part)).toBeUndefined();
        expect(await registrations.find(aRegistration({ id: part }))).toBeUndefined();
      }
      expect(await revocations.find(["1", "2", "3"])).toEqual([]);
      expect(await subject.store.sweep(NOW, 12)).toBe(12);
      expect(await subject.store.sweep(NOW, 12)).toBe(5);
      expect(await tallies.add(tally(0))).toEqual([0, 0, 0]);
    });

    it("takes at most the limit at once, of any tenant", async () => {
      for (const id of ["acme", "globex"]) {
        const { families, referenceTokens, revocations } = subject.tenant(id);
        for (const part of ["1", "2"]) {
          await families.create(aFamily({ id: part, purgeAt: 1 }));
          await referenceTokens.create(aReferenceToken({ digest: part, expiresAt: 1 }));
          await revocations.raise(aRevocation({ id: part, expiresAt: 1 }));
        }
      }
      const deleted: number[] = [];
      for (const limit of [-1, 0, 5, 5, 5, 5]) deleted.push(await subject.store.sweep(NOW, limit));
      expect(deleted).toEqual([0, 0, 5, 5, 2, 0]);
    });
  });
}
