import { describe, expect, it } from "vitest";
import type { Subject } from "../contract.ts";
import { aKey, atOnce, NOW } from "./records.ts";

export function keysContract(subject: Subject): void {
  describe("keys", () => {
    const keys = () => subject.tenant().keys;

    it("begin empty", async () => {
      expect(await keys().list()).toEqual([]);
    });

    it("come back as they were appended, by use and generation", async () => {
      const signing1 = aKey();
      const signing2 = aKey({ generation: 2, sealed: "sealed.2", request: "", activateAt: NOW + 60_000 });
      const refresh1 = aKey({ use: "refresh", algorithm: "HS256", request: "request" });
      expect(await keys().append(signing1, 0)).toBe(true);
      expect(await keys().append(signing2, 1)).toBe(true);
      expect(await keys().append(refresh1, 0)).toBe(true);
      expect(await keys().list()).toStrictEqual([refresh1, signing1, signing2]);
    });

    it("are ordered by number, not by text", async () => {
      for (let after = 0; after < 11; after++) await keys().append(aKey({ generation: after + 1 }), after);
      const generations = (await keys().list()).map((key) => key.generation);
      expect(generations).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    });

    it("are appended only after the newest, and only with the next generation", async () => {
      await keys().append(aKey(), 0);
      expect(await keys().append(aKey({ sealed: "again" }), 0)).toBe(false);
      expect(await keys().append(aKey({ generation: 3 }), 2)).toBe(false);
      expect(await keys().append(aKey({ generation: 3 }), 1)).toBe(false);
      expect(await keys().append(aKey({ generation: 2 }), 0)).toBe(false);
      expect(await keys().append(aKey({ generation: 1 }), 1)).toBe(false);
      expect(await keys().list()).toStrictEqual([aKey()]);
    });

    it("do not begin with a generation other than 1", async () => {
      expect(await keys().append(aKey({ generation: 2 }), 1)).toBe(false);
      expect(await keys().append(aKey({ generation: 2 }), 0)).toBe(false);
      expect(await keys().append(aKey({ generation: 0 }), 0)).toBe(false);
      expect(await keys().list()).toEqual([]);
    });

    it("let one of 16 win that append after the same generation at once", async () => {
      await keys().append(aKey(), 0);
      const won = await atOnce(16, (node) => keys().append(aKey({ generation: 2, sealed: `node.${node}` }), 1));
      expect(won.filter(Boolean)).toHaveLength(1);
      const winner = aKey({ generation: 2, sealed: `node.${won.indexOf(true)}` });
      expect(await keys().list()).toStrictEqual([aKey(), winner]);
    });

    it("are forgotten up to a time, and can begin anew", async () => {
      await keys().append(aKey(), 0);
      await keys().append(aKey({ use: "refresh" }), 0);
      await keys().append(aKey({ generation: 2, createdAt: NOW + 1 }), 1);
      await subject.tenant("other").keys.append(aKey(), 0);
      await keys().forget(NOW - 1);
      expect(await keys().list()).toHaveLength(3);
      await keys().forget(NOW);
      expect(await keys().list()).toStrictEqual([aKey({ generation: 2, createdAt: NOW + 1 })]);
      expect(await keys().append(aKey({ generation: 3, createdAt: NOW + 2 }), 2)).toBe(true);
      await keys().forget(NOW + 2);
      expect(await keys().list()).toEqual([]);
      expect(await keys().append(aKey(), 0)).toBe(true);
      expect(await subject.tenant("other").keys.list()).toStrictEqual([aKey()]);
    });

    it("are resealed while the sealed bytes are those that were read", async () => {
      await keys().append(aKey(), 0);
      await keys().append(aKey({ generation: 2 }), 1);
      await keys().append(aKey({ use: "refresh" }), 0);
      expect(await keys().reseal("signing", 1, "sealed.1", "resealed")).toBe(true);
      expect(await keys().reseal("signing", 1, "sealed.1", "late")).toBe(false);
      expect(await keys().reseal("signing", 3, "sealed.1", "none")).toBe(false);
      expect(await keys().list()).toStrictEqual([
        aKey({ use: "refresh" }),
        aKey({ sealed: "resealed" }),
        aKey({ generation: 2 }),
      ]);
    });

    it("let one of 16 reseal at once", async () => {
      await keys().append(aKey(), 0);
      const won = await atOnce(16, (node) => keys().reseal("signing", 1, "sealed.1", `node.${node}`));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await keys().list()).toStrictEqual([aKey({ sealed: `node.${won.indexOf(true)}` })]);
    });
  });
}
