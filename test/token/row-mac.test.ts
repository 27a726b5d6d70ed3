import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { familyText, isRowMac, makeRowMac, referenceTokenText, rowMacGeneration } from "../../src/token/row-mac.ts";

const mac = (generation: number, text: string) =>
  generation > 2 ? undefined : createHmac("sha256", `key ${generation}`).update(text).digest("base64url");

const family = {
  id: "family",
  client: "client",
  namespace: "namespace",
  subject: "subject",
  mintedAt: 1,
  decision: "{}",
};
const token = { digest: "digest", claims: "{}", expiresAt: 1 };

describe("the MAC of a row", () => {
  it("proves its text under its key, and no other", () => {
    const rowMac = makeRowMac("text", 2, mac) ?? "";
    expect(rowMac).toMatch(/^2\.[\w-]{43}$/);
    expect(rowMacGeneration(rowMac)).toBe(2);
    expect(isRowMac(rowMac, "text", mac)).toBe(true);
    expect(isRowMac(rowMac, "texts", mac)).toBe(false);
    expect(isRowMac(rowMac.replace("2.", "1."), "text", mac)).toBe(false);
    expect(isRowMac(rowMac.replace("2.", "3."), "text", mac)).toBe(false);
  });

  it.each([
    "",
    "1",
    "1.",
    `01.${"A".repeat(43)}`,
    `1.${"A".repeat(42)}`,
    `1.${"A".repeat(43)}\n`,
    `1.${"é".repeat(43)}`,
  ])("is not any text: %j", (text) => {
    expect(rowMacGeneration(text)).toBeUndefined();
    expect(isRowMac(text, "text", mac)).toBe(false);
  });

  it("is not made with an unknown key", () => {
    expect(makeRowMac("text", 3, mac)).toBeUndefined();
  });
});

describe("the text of a row", () => {
  it("differs for every part of a grant", () => {
    const rows = [
      family,
      { ...family, id: "famil" },
      { ...family, id: "familyclient", client: "" },
      { ...family, client: "client2" },
      { ...family, namespace: undefined },
      { ...family, namespace: "" },
      { ...family, namespace: "-" },
      { ...family, subject: undefined },
      { ...family, namespace: "subject", subject: "namespace" },
      { ...family, mintedAt: 12 },
      { ...family, decision: '{"a":1}' },
    ];
    const texts = rows.flatMap((row) => [familyText("acme", row), familyText("acme2", row)]);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("differs for every part of a reference token, and from a grant's and a refresh token's", () => {
    const rows = [token, { ...token, digest: "d" }, { ...token, claims: "[]" }, { ...token, expiresAt: 2 }];
    const texts = rows.flatMap((row) => [referenceTokenText("acme", row), referenceTokenText("globex", row)]);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts[0]?.split("\n")[0]).toBe("mintmark row: reference token");
    expect(familyText("acme", family).split("\n")[0]).toBe("mintmark row: grant");
  });

  it("says what never changes, and nothing that does", () => {
    const moved = {
      ...family,
      generation: 9,
      revokedAt: 9,
      expiresAt: 9,
      purgeAt: 9,
      rotatedAt: 9,
      attemptId: "moved",
    };
    expect(familyText("acme", moved)).toBe(familyText("acme", family));
  });
});
