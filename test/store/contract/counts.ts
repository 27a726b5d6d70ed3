import { describe, expect, it } from "vitest";
import { FOREVER } from "../../../src/base/clock.ts";
import type { Subject } from "../contract.ts";
import { aFamily, aReferenceToken, aRevocation, NOW } from "./records.ts";

export function countsContract(subject: Subject): void {
  describe("counts", () => {
    const kinds = [
      {
        what: "families",
        add: (id: string, client: string, end: number, tenant?: string) =>
          subject.tenant(tenant).families.create(aFamily({ id, client, purgeAt: end })),
        count: (client: string, most: number, tenant?: string) =>
          subject.tenant(tenant).families.count(client, NOW, most),
      },
      {
        what: "reference tokens",
        add: (id: string, client: string, end: number, tenant?: string) =>
          subject.tenant(tenant).referenceTokens.create(aReferenceToken({ digest: id, client, expiresAt: end })),
        count: (client: string, most: number, tenant?: string) =>
          subject.tenant(tenant).referenceTokens.count(client, NOW, most),
      },
      {
        what: "revocations",
        add: (id: string, client: string, end: number, tenant?: string) =>
          subject.tenant(tenant).revocations.raise(aRevocation({ id, client, expiresAt: end })),
        count: (client: string, most: number, tenant?: string) =>
          subject.tenant(tenant).revocations.count(client, NOW, most),
      },
    ];

    it.each(kinds)("of $what are of one client's in one tenant, and of what has not ended", async ({ add, count }) => {
      expect(await count("client", 10)).toBe(0);
      await Promise.all([
        add("1", "client", NOW + 1),
        add("2", "client", NOW + 1),
        add("over", "client", NOW),
        add("other", "other", NOW + 1),
        add("elsewhere", "client", NOW + 1, "globex"),
      ]);
      expect(await count("client", 10)).toBe(2);
      expect(await count("other", 10)).toBe(1);
      expect(await count("client", 10, "globex")).toBe(1);
      expect(await count("nobody", 10)).toBe(0);
    });

    it.each(kinds)("of $what go no further than they are told", async ({ add, count }) => {
      await Promise.all(Array.from({ length: 5 }, (_, index) => add(`${index}`, "client", NOW + 1)));
      expect(await count("client", 3)).toBe(3);
    });

    it("leave a revocation with the client that caused it first, and one of nobody with nobody", async () => {
      const { revocations } = subject.tenant();
      await revocations.raise(aRevocation({ id: "first", client: "client" }));
      await revocations.raise(aRevocation({ id: "first", client: "other", notAfter: NOW + 5 }));
      await revocations.raise(aRevocation({ id: "nobody's", notAfter: FOREVER, expiresAt: FOREVER }));
      await revocations.raise(aRevocation({ id: "nobody's", client: "other" }));
      expect(await revocations.count("client", NOW, 10)).toBe(1);
      expect(await revocations.count("other", NOW, 10)).toBe(0);
      expect(await revocations.find(["first"])).toStrictEqual([
        aRevocation({ id: "first", client: "client", notAfter: NOW + 5 }),
      ]);
    });
  });
}
