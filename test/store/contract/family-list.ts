import { describe, expect, it } from "vitest";
import type { FamilyCursor, FamilyQuery } from "../../../src/store/family-query.ts";
import type { Subject } from "../contract.ts";
import { aFamily, aStep, NOW, oddIds } from "./records.ts";

export function familyListContract(subject: Subject): void {
  const families = () => subject.tenant().families;

  /** The ids of all pages, each of at most `limit` rows. */
  async function pagesOf(query: Omit<FamilyQuery, "limit">, limit: number): Promise<readonly (readonly string[])[]> {
    const pages: (readonly string[])[] = [];
    let after: FamilyCursor | undefined;
    do {
      const page = await families().list({ ...query, after, limit });
      pages.push(page.families.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    return pages;
  }

  describe("a list of families", () => {
    it("is empty if there are none", async () => {
      expect(await families().list({ subject: "nobody", limit: 10 })).toStrictEqual({ families: [], next: undefined });
      expect(await families().list({ client: "nobody", limit: 10 })).toStrictEqual({ families: [], next: undefined });
    });

    it("has whole rows, revoked and expired ones too, as they are now", async () => {
      await families().create(aFamily({ expiresAt: 1, purgeAt: 2 }));
      await families().advance("family", aStep());
      await families().revoke("family", NOW + 20);
      const row = await families().find("family");
      expect(await families().list({ subject: "subject", limit: 10 })).toStrictEqual({
        families: [row],
        next: undefined,
      });
    });

    it("is of a subject, of a client or of both, and of no other tenant", async () => {
      const all = [
        { id: "1", subject: "a", client: "one" },
        { id: "2", subject: "a", client: "two" },
        { id: "3", subject: "b", client: "one" },
        { id: "4", subject: undefined, client: "one" },
      ];
      await Promise.all(all.map((row, index) => families().create(aFamily({ ...row, mintedAt: NOW + index }))));
      await subject.tenant("globex").families.create(aFamily({ id: "other", subject: "a", client: "one" }));
      expect(await pagesOf({ subject: "a" }, 10)).toEqual([["2", "1"]]);
      expect(await pagesOf({ client: "one" }, 10)).toEqual([["4", "3", "1"]]);
      expect(await pagesOf({ subject: "a", client: "one" }, 10)).toEqual([["1"]]);
    });

    it("comes in pages, the last minted first, without a gap or a repetition", async () => {
      const mints = [3, 1, 2, 2, 2, 1].map((mintedAt, index) => aFamily({ id: `${index}`, mintedAt }));
      await Promise.all(mints.map((row) => families().create(row)));
      const inOrder = ["0", "4", "3", "2", "5", "1"];
      for (const query of [{ subject: "subject" }, { client: "client" }, { subject: "subject", client: "client" }]) {
        for (const limit of [1, 2, 4, 7]) expect((await pagesOf(query, limit)).flat()).toEqual(inOrder);
      }
      // A full page may be the last: only the next one says so.
      expect(await pagesOf({ subject: "subject" }, 3)).toEqual([["0", "4", "3"], ["2", "5", "1"], []]);
    });

    it("keeps odd subjects and clients apart", async () => {
      await Promise.all(
        oddIds.map((odd, index) => families().create(aFamily({ id: `${index}`, subject: odd, client: odd }))),
      );
      for (const [index, odd] of oddIds.entries()) {
        expect(await pagesOf({ subject: odd }, 10)).toEqual([[`${index}`]]);
        expect(await pagesOf({ client: odd }, 10)).toEqual([[`${index}`]]);
      }
    });
  });
}
