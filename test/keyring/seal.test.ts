import { describe, expect, it } from "vitest";
import { jweSealer, type SealBinding, SealError } from "../../src/keyring/seal.ts";

const binding: SealBinding = { tenant: "acme", use: "signing", generation: 1 };
const key = (byte: number) => new Uint8Array(32).fill(byte);
const sealer = jweSealer([key(1)]);

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
    const sealed = await jweSealer([key(2)]).seal("the private key", binding);
    await expect(sealer.open(sealed, binding)).rejects.toThrow(
      "The signing key 1 of tenant acme cannot be opened: the key-encryption key is not the one that sealed it.",
    );
  });

  it("does not open what was changed", async () => {
    const sealed = await sealer.seal("the private key", binding);
    const parts = sealed.split(".");
    parts[3] = Buffer.from("another text").toString("base64url");
    await expect(sealer.open(parts.join("."), binding)).rejects.toThrow("it is not as it was sealed");
  });

  it.each(["", "text", "a.b.c.d.e", "e30.a.b.c.d"])("does not open what was never sealed: %j", async (text) => {
    await expect(sealer.open(text, binding)).rejects.toThrow(SealError);
    expect(sealer.isCurrent(text)).toBe(false);
  });

  it("takes keys of 32 bytes and no other number, and at least one", () => {
    expect(() => jweSealer([key(1), new Uint8Array(31)])).toThrow(SealError);
    expect(() => jweSealer([])).toThrow(SealError);
  });
});

describe("several key-encryption keys", () => {
  const older = jweSealer([key(1)]);
  const both = jweSealer([key(2), key(1)]);

  it("all open", async () => {
    expect(await both.open(await older.seal("the private key", binding), binding)).toBe("the private key");
    expect(await both.open(await both.seal("the private key", binding), binding)).toBe("the private key");
  });

  it("have a first, which seals", async () => {
    const sealed = await both.seal("the private key", binding);
    expect(await jweSealer([key(2)]).open(sealed, binding)).toBe("the private key");
    await expect(older.open(sealed, binding)).rejects.toThrow(SealError);
  });

  it("tell what the first sealed from what an older one did", async () => {
    expect(both.isCurrent(await both.seal("the private key", binding))).toBe(true);
    expect(both.isCurrent(await older.seal("the private key", binding))).toBe(false);
    expect(older.isCurrent(await older.seal("the private key", binding))).toBe(true);
  });

  it("do not open what another key sealed, or what names one of them falsely", async () => {
    const sealed = await jweSealer([key(3)]).seal("the private key", binding);
    await expect(both.open(sealed, binding)).rejects.toThrow("the key-encryption key is not the one that sealed it");
    const [header = ""] = (await both.seal("the private key", binding)).split(".");
    const renamed = [header, ...sealed.split(".").slice(1)].join(".");
    await expect(both.open(renamed, binding)).rejects.toThrow("it is not as it was sealed");
  });
});
