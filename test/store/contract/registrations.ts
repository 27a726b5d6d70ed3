import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { FOREVER } from "../../../src/base/clock.ts";
import type { RegistrationRecord, RegistrationStore } from "../../../src/store/registration-port.ts";
import type { Subject } from "../contract.ts";
import { aRegistration, atOnce, NOW, oddIds } from "./records.ts";

/** What a reader knows who follows the registrations. */
class Follower {
  readonly rows = new Map<string, RegistrationRecord>();
  upTo = 0;
  readonly #registrations: RegistrationStore;

  constructor(registrations: RegistrationStore) {
    this.#registrations = registrations;
  }

  /** Reads what is new, in pages of that size. */
  async follow(limit = 1_000): Promise<readonly string[]> {
    const ids: string[] = [];
    let upTo: number | undefined;
    for (let after: number | undefined = this.upTo; after !== undefined; ) {
      const page = await this.#registrations.changes(after, limit);
      for (const record of page.records) this.rows.set(record.id, record);
      ids.push(...page.records.map(({ id }) => id));
      upTo ??= page.upTo;
      after = page.next;
    }
    this.upTo = upTo ?? this.upTo;
    return ids;
  }
}

export function registrationsContract(subject: Subject): void {
  describe("registrations", () => {
    const registrations = () => subject.store.registrations;
    const put = (changes: Partial<RegistrationRecord>, ifEtag?: string) =>
      registrations().put(aRegistration(changes), ifEtag);

    it("are at revision 0 while there are none", async () => {
      expect(await registrations().revision()).toBe(0);
      expect(await registrations().changes(0, 10)).toEqual({ records: [], next: undefined, upTo: 0 });
      expect(await registrations().find(aRegistration())).toBeUndefined();
    });

    it("are found as they were put", async () => {
      const { kind, tenant, id } = aRegistration();
      const result = await put({});
      expect(result).toEqual({ revision: await registrations().revision() });
      expect(await registrations().find({ kind, tenant, id })).toStrictEqual(aRegistration());
      const deleted = aRegistration({ etag: "etag.2", updatedAt: NOW + 2, deletedAt: NOW + 2, purgeAt: NOW + 9 });
      await registrations().put(deleted, "etag.1");
      expect(await registrations().find({ kind, tenant, id })).toStrictEqual(deleted);
    });

    it("are written only over the row that the writer has seen", async () => {
      expect(await put({}, "etag.0")).toStrictEqual({ conflict: undefined });
      await put({});
      const revision = await registrations().revision();
      expect(await put({ etag: "etag.2" })).toStrictEqual({ conflict: aRegistration() });
      expect(await put({ etag: "etag.2" }, "etag.0")).toStrictEqual({ conflict: aRegistration() });
      expect(await registrations().revision()).toBe(revision);
      expect(await registrations().find(aRegistration())).toStrictEqual(aRegistration());
      expect(await put({ etag: "etag.2" }, "etag.1")).toHaveProperty("revision");
      expect(await registrations().revision()).toBeGreaterThan(revision);
    });

    it("have one winner of 16 that write at once, and a revision each", async () => {
      for (const phase of ["create", "update"]) {
        const there = await registrations().find(aRegistration());
        const results = await atOnce(16, (index) => put({ etag: `${phase}.${index}` }, there?.etag));
        const winner = results.findIndex((result) => "revision" in result);
        expect(results.filter((result) => "revision" in result)).toHaveLength(1);
        expect((await registrations().find(aRegistration()))?.etag).toBe(`${phase}.${winner}`);
      }
      const revisions = await atOnce(16, (index) => put({ id: `${index}` }));
      expect(new Set(revisions.map((result) => "revision" in result && result.revision)).size).toBe(16);
    });

    it("are kept apart by kind, tenant and id, however odd", async () => {
      const keys = [
        ...oddIds.map((id) => ({ id })),
        { kind: "tenant" },
        { tenant: "globex" },
        { tenant: "acme/a", id: "b" },
        { tenant: "acme", id: "a/b" },
        { kind: "client/acme", tenant: "a", id: "b" },
        ...oddIds.map((tenant) => ({ tenant, id: "x" })),
      ];
      await Promise.all(keys.map((key, index) => put({ ...key, document: `${index}` })));
      for (const [index, key] of keys.entries())
        expect((await registrations().find(aRegistration(key)))?.document).toBe(`${index}`);
    });

    it("are read in the order of their last write, in pages, and from where a reader was", async () => {
      for (const id of ["1", "2", "3", "4", "5"]) await put({ id });
      await put({ id: "2", etag: "etag.2" }, "etag.1");
      const reader = new Follower(registrations());
      expect(await reader.follow(2)).toEqual(["1", "3", "4", "5", "2"]);
      expect(reader.upTo).toBe(await registrations().revision());
      expect(await reader.follow()).toEqual([]);
      await put({ id: "6" });
      await put({ id: "3", etag: "etag.2", deletedAt: NOW, purgeAt: NOW }, "etag.1");
      expect(await reader.follow()).toEqual(["6", "3"]);
      expect(reader.rows.get("3")?.deletedAt).toBe(NOW);
    });

    it("are not missed by a reader while many write", async () => {
      const reader = new Follower(registrations());
      let isOver = false;
      const reading = (async () => {
        while (!isOver) {
          if ((await registrations().revision()) > reader.upTo) await reader.follow(3);
          // A read of a local file ends before the loop turns, so that the writers would never have theirs.
          await setImmediate();
        }
      })();
      await atOnce(24, async (index) => {
        await put({ id: `${index}` });
        await put({ id: `${index}`, etag: "etag.2" }, "etag.1");
      });
      isOver = true;
      await reading;
      await reader.follow();
      expect([...reader.rows.values()].filter(({ etag }) => etag === "etag.2")).toHaveLength(24);
      expect(reader.upTo).toBe(await registrations().revision());
    });

    it("are swept once they can be forgotten, and the revision never falls", async () => {
      await put({ id: "alive" });
      await put({ id: "now", deletedAt: 1, purgeAt: NOW });
      await put({ id: "before", deletedAt: 1, purgeAt: NOW - 1 });
      const revision = await registrations().revision();
      expect(await subject.store.sweep(NOW, 10)).toBe(1);
      expect(await registrations().find(aRegistration({ id: "before" }))).toBeUndefined();
      expect(await subject.store.sweep(FOREVER, 10)).toBe(1);
      expect(await registrations().find(aRegistration({ id: "alive" }))).toBeDefined();
      expect(await registrations().revision()).toBe(revision);
      await put({ id: "before" });
      expect(await registrations().revision()).toBeGreaterThan(revision);
    });
  });
}
