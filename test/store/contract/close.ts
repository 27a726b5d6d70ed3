import { describe, expect, it } from "vitest";
import { StoreUnavailableError } from "../../../src/store/port.ts";
import type { Subject } from "../contract.ts";
import { aFamily, aKey, aReferenceToken, aRegistration, aRevocation, aStep, NOW } from "./records.ts";

export function closeContract(subject: Subject): void {
  describe("close", () => {
    it("lets what was asked before come to its end", async () => {
      const { families } = subject.tenant();
      await families.create(aFamily());
      await families.create(aFamily({ id: "found" }));
      // Calls that were begun together end in any order.
      const answers = Promise.all([
        families.find("found"),
        families.create(aFamily({ id: "other" })),
        families.advance("family", aStep()),
      ]);
      await subject.store.close();
      expect(await answers).toStrictEqual([aFamily({ id: "found" }), undefined, "advanced"]);
    });

    it("makes every later call fail as unavailable, but for another close", async () => {
      const { keys, families, referenceTokens, revocations, meta, tallies } = subject.tenant();
      await subject.store.close();
      await subject.store.close();
      const results = await Promise.allSettled([
        keys.list(),
        keys.append(aKey(), 0),
        keys.reseal("signing", 1, "from", "to"),
        keys.forget(0),
        families.create(aFamily()),
        families.find("family"),
        families.advance("family", aStep()),
        families.reconcile("family", "attemptId", NOW, NOW),
        families.revoke("family", NOW),
        referenceTokens.create(aReferenceToken()),
        referenceTokens.find("digest"),
        revocations.raise(aRevocation()),
        revocations.find(["revocation"]),
        meta.raise("number", 1),
        meta.read("number"),
        tallies.add([{ id: "tally", by: 1, expiresAt: NOW }]),
        subject.store.registrations.find(aRegistration()),
        subject.store.registrations.put(aRegistration(), undefined),
        subject.store.registrations.revision(),
        subject.store.registrations.changes(0, 1),
        subject.store.sweep(NOW, 1),
      ]);
      for (const result of results) {
        expect(result).toMatchObject({ status: "rejected", reason: expect.any(StoreUnavailableError) });
      }
    });
  });
}
