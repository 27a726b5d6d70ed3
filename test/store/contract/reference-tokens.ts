import { describe, expect, it } from "vitest";
import type { Subject } from "../contract.ts";
import { aReferenceToken, oddIds } from "./records.ts";

export function referenceTokensContract(subject: Subject): void {
  describe("reference tokens", () => {
    const tokens = () => subject.tenant().referenceTokens;

    it("are undefined where there is none", async () => {
      expect(await tokens().find("digest")).toBeUndefined();
    });

    it("come back as they were created", async () => {
      const token = aReferenceToken({ claims: `{"text":"nul \0, 日本語 🪙, ${"x".repeat(100_000)}"}` });
      await tokens().create(token);
      expect(await tokens().find("digest")).toStrictEqual(token);
    });

    it("keep odd digests apart", async () => {
      await Promise.all(
        oddIds.map((digest, index) => tokens().create(aReferenceToken({ digest, claims: `${index}` }))),
      );
      for (const [index, digest] of oddIds.entries()) {
        expect(await tokens().find(digest)).toStrictEqual(aReferenceToken({ digest, claims: `${index}` }));
      }
    });

    it("refuse a digest that is there already, and stay as they were", async () => {
      await tokens().create(aReferenceToken());
      await expect(tokens().create(aReferenceToken({ claims: "{}" }))).rejects.toThrow();
      expect(await tokens().find("digest")).toStrictEqual(aReferenceToken());
    });

    it("are found though their time is over", async () => {
      await tokens().create(aReferenceToken({ expiresAt: 1 }));
      expect(await tokens().find("digest")).toStrictEqual(aReferenceToken({ expiresAt: 1 }));
    });
  });
}
