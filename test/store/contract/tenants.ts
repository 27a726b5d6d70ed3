import { describe, expect, it } from "vitest";
import type { Subject } from "../contract.ts";
import { aFamily, aKey, aReferenceToken, aRevocation, aStep, NOW, oddIds } from "./records.ts";

export function tenantsContract(subject: Subject): void {
  describe("tenants", () => {
    it("have the same ids each for itself", async () => {
      for (const [index, id] of ["acme", "globex"].entries()) {
        const tenant = subject.tenant(id);
        expect(await tenant.keys.append(aKey({ sealed: id }), 0)).toBe(true);
        await tenant.families.create(aFamily({ client: id }));
        await tenant.referenceTokens.create(aReferenceToken({ claims: id }));
        await tenant.revocations.raise(aRevocation({ notAfter: NOW - index }));
        expect(await tenant.meta.raise("number", 9 - index)).toBe(9 - index);
      }
      for (const [index, id] of ["acme", "globex"].entries()) {
        const tenant = subject.tenant(id);
        expect(await tenant.keys.list()).toStrictEqual([aKey({ sealed: id })]);
        expect(await tenant.families.find("family")).toStrictEqual(aFamily({ client: id }));
        expect(await tenant.referenceTokens.find("digest")).toStrictEqual(aReferenceToken({ claims: id }));
        expect(await tenant.revocations.find(["revocation"])).toStrictEqual([aRevocation({ notAfter: NOW - index })]);
        expect(await tenant.meta.read("number")).toBe(9 - index);
      }
    });

    it("neither see nor change each other's rows", async () => {
      const acme = subject.tenant("acme");
      const other = subject.tenant("globex");
      await acme.keys.append(aKey(), 0);
      await acme.families.create(aFamily());
      await acme.referenceTokens.create(aReferenceToken());
      await acme.revocations.raise(aRevocation());
      await acme.meta.raise("number", 1);

      expect(await other.keys.list()).toEqual([]);
      expect(await other.keys.append(aKey({ generation: 2 }), 1)).toBe(false);
      expect(await other.keys.reseal("signing", 1, "sealed.1", "stolen")).toBe(false);
      expect(await other.families.find("family")).toBeUndefined();
      expect(await other.families.advance("family", aStep())).toBeUndefined();
      expect(await other.families.reconcile("family", "attemptId.0", NOW + 1, NOW + 1)).toBe(false);
      expect(await other.families.revoke("family", NOW)).toBe(false);
      expect(await other.referenceTokens.find("digest")).toBeUndefined();
      expect(await other.revocations.find(["revocation"])).toEqual([]);
      expect(await other.meta.read("number")).toBeUndefined();

      expect(await acme.keys.list()).toStrictEqual([aKey()]);
      expect(await acme.families.find("family")).toStrictEqual(aFamily());
    });

    it("are kept apart whatever their ids", async () => {
      for (const [index, id] of oddIds.entries()) await subject.tenant(id).meta.raise("number", index);
      for (const [index, id] of oddIds.entries()) expect(await subject.tenant(id).meta.read("number")).toBe(index);
    });

    it("are not mixed up where a tenant's id and a row's read the same together", async () => {
      for (const separator of ["", ".", ":", "/", "|", "-", "\n"]) {
        await subject.tenant("a").revocations.raise(aRevocation({ id: `b${separator}c` }));
        expect(await subject.tenant(`a${separator}b`).revocations.find(["c"])).toEqual([]);
      }
    });

    it("can be asked for again and again: it is the same data", async () => {
      await subject.tenant().meta.raise("number", 1);
      expect(await subject.tenant().meta.read("number")).toBe(1);
    });
  });
}
