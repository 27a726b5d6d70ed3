import { describe, expect, it } from "vitest";
import { jweSealer, type SealBinding, SealError } from "../../src/keyring/seal.ts";

const binding: SealBinding = { tenant: "acme", use: "signing", generation: 1 };
const sealer = jweSealer(new Uint8Array(32).fill(1));

describe("sealing", () => {
  it("opens what it sealed, and shows nothing of it", async () => {
    const sealed = await sealer.seal("the private key", binding);
    expect(Buffer.from(sealed, "base64url").toString()).not.toContain("private");
    expect(await sealer.open(sealed, binding)).toBe("the private key");
  });

  it.each<Partial<SealBinding>>([{ tenant: "other" }, { use: "refresh" }, { generation: 2 }])(
    "opens nowhere else: %j",
    async (elsewhere) => {
      const sealed = await sealer.seal("the private key", binding);
      await expect(sealer.open(sealed, { ...binding, ...elsewhere })).rejects.toThrow(SealError);
    },
  );

  it("does not open with another key, and says which key is wrong", async () => {
    const sealed = await jweSealer(new Uint8Array(32).fill(2)).seal("the private key", binding);
    await expect(sealer.open(sealed, binding)).rejects.toThrow(
      "The signing key 1 of tenant acme cannot be opened: the key-encryption key is not the one that sealed it.",
    );
  });

  it("does not open what was changed", async () => {
    const sealed = await sealer.seal("the private key", binding);
    const parts = sealed.split(".");
    parts[3] = Buffer.from("another text").toString("base64url");
    await expect(sealer.open(parts.join("."), binding)).rejects.toThrow(SealError);
  });

  it("takes 32 bytes and no other number", () => {
    expect(() => jweSealer(new Uint8Array(31))).toThrow(SealError);
  });
});
