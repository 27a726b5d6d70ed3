import { afterEach, describe, expect, it } from "vitest";
import type { Store } from "../../../src/store/port.ts";
import type { Subject } from "../contract.ts";
import { aFamily, aKey, aReferenceToken, aRevocation, aStep, atOnce, NOW } from "./records.ts";

/** What several nodes on the same data may rely on, and one node after a restart. */
export function nodesContract(subject: Subject): void {
  describe("nodes", () => {
    const others: Store[] = [];
    afterEach(() => Promise.all(others.splice(0).map((store) => store.close())));

    async function another(): Promise<Store> {
      const store = await subject.reopen();
      others.push(store);
      return store;
    }

    it("find everything again after a restart", async () => {
      const before = subject.tenant();
      await before.keys.append(aKey(), 0);
      await before.families.create(aFamily());
      await before.families.advance("family", aStep());
      await before.referenceTokens.create(aReferenceToken());
      await before.revocations.raise(aRevocation());
      await before.meta.raise("number", 7);
      const family = await before.families.find("family");
      await subject.store.close();

      const after = (await another()).forTenant("acme");
      expect(await after.keys.list()).toStrictEqual([aKey()]);
      expect(await after.families.find("family")).toStrictEqual(family);
      expect(await after.referenceTokens.find("digest")).toStrictEqual(aReferenceToken());
      expect(await after.revocations.find(["revocation"])).toStrictEqual([aRevocation()]);
      expect(await after.meta.read("number")).toBe(7);
    });

    it("see at once what another was told is written", async () => {
      const one = subject.tenant();
      const other = (await another()).forTenant("acme");
      await one.families.create(aFamily());
      expect(await other.families.find("family")).toStrictEqual(aFamily());
      await other.revocations.raise(aRevocation());
      expect(await one.revocations.find(["revocation"])).toStrictEqual([aRevocation()]);
    });

    it("win one of them, of many that advance, append or revoke at once", async () => {
      await subject.tenant().families.create(aFamily());
      const tenants = [subject.tenant(), ...(await atOnce(3, another)).map((store) => store.forTenant("acme"))];
      const all = tenants.flatMap((tenant) => Array(16).fill(tenant) as typeof tenants);

      const steps = await Promise.all(
        all.map(({ families }, i) => families.advance("family", aStep({ attemptId: `${i}` }))),
      );
      expect(steps.filter((step) => step === "advanced")).toHaveLength(1);
      const appends = await Promise.all(all.map(({ keys }) => keys.append(aKey(), 0)));
      expect(appends.filter(Boolean)).toHaveLength(1);
      const ends = await Promise.all(all.map(({ families }) => families.revoke("family", NOW)));
      expect(ends.filter(Boolean)).toHaveLength(1);
    });

    it("find again what waited when they were closed", async () => {
      const { families } = subject.tenant();
      const waiting = atOnce(8, (index) => families.create(aFamily({ id: `${index}` })));
      await subject.store.close();
      await waiting;
      const after = (await another()).forTenant("acme").families;
      for (let id = 0; id < 8; id++) expect(await after.find(`${id}`)).toStrictEqual(aFamily({ id: `${id}` }));
    });
  });
}
