import { CompactEncrypt, decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { jweSealer, type SealBinding, SealError } from "../../src/keyring/seal.ts";

const binding: SealBinding = {
  tenant: "acme",
  use: "signing",
  generation: 1,
  algorithm: "ES256",
  createdAt: 1,
  activateAt: 2,
  request: undefined,
};
const key = (byte: number) => new Uint8Array(32).fill(byte);
const sealer = jweSealer([key(1)]);

/** A seal of the same key whose header binds other members. */
async function sealedWith(members: Partial<SealBinding>): Promise<string> {
  const { kid = "" } = decodeProtectedHeader(await sealer.seal("", binding));
  return new CompactEncrypt(new TextEncoder().encode("the private key"))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid, ...members })
    .encrypt(key(1));
}

describe("sealing", () => {
  it("opens what it sealed, and shows nothing of it", async () => {
    const sealed = await sealer.seal("the private key", binding);
    expect(Buffer.from(sealed, "base64url").toString()).not.toContain("private");
    expect(await sealer.open(sealed, binding)).toEqual({ text: "the private key", bindsAll: true });
  });

  it.each<Partial<SealBinding>>([
    { tenant: "other" },
    { use: "refresh" },
    { generation: 2 },
    { algorithm: "RS256" },
    { createdAt: 0 },
    { activateAt: 1 },
    { request: "request" },
  ])("opens nowhere else: %j", async (elsewhere) => {
    const sealed = await sealer.seal("the private key", binding);
    await expect(sealer.open(sealed, { ...binding, ...elsewhere })).rejects.toThrow(SealError);
  });

  it("keeps a moment that only it can set", async () => {
    expect(await sealer.open(await sealer.seal("the private key", binding, 99), binding)).toEqual({
      text: "the private key",
      bindsAll: true,
      oldRowsUntil: 99,
    });
  });

  it("opens what an earlier version sealed for the place alone, and says so", async () => {
    const { tenant, use, generation } = binding;
    const sealed = await sealedWith({ tenant, use, generation });
    expect(await sealer.open(sealed, binding)).toEqual({ text: "the private key", bindsAll: false });
    await expect(sealer.open(sealed, { ...binding, generation: 2 })).rejects.toThrow(SealError);
  });

  it("does not open what binds some of its row", async () => {
    const { algorithm: _, ...some } = binding;
    await expect(sealer.open(await sealedWith(some), binding)).rejects.toThrow("or its row was changed");
  });

  it("does not open with another key, and says which key is wrong", async () => {
    const sealed = await jweSealer([key(2)]).seal("the private key", binding);
    await expect(sealer.open(sealed, binding)).rejects.toThrow(
      "The signing key 1 of tenant acme cannot be opened: no configured key-encryption key sealed it.",
    );
  });

  it("does not open what was changed", async () => {
    const sealed = await sealer.seal("the private key", binding);
    const parts = sealed.split(".");
    parts[3] = Buffer.from("another text").toString("base64url");
    await expect(sealer.open(parts.join("."), binding)).rejects.toThrow("it was changed after it was sealed");
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
    expect(await both.open(await older.seal("the private key", binding), binding)).toMatchObject({
      text: "the private key",
    });
    expect(await both.open(await both.seal("the private key", binding), binding)).toMatchObject({
      text: "the private key",
    });
  });

  it("have a first, which seals", async () => {
    const sealed = await both.seal("the private key", binding);
    expect(await jweSealer([key(2)]).open(sealed, binding)).toMatchObject({ text: "the private key" });
    await expect(older.open(sealed, binding)).rejects.toThrow(SealError);
  });

  it("tell what the first sealed from what an older one did", async () => {
    expect(both.isCurrent(await both.seal("the private key", binding))).toBe(true);
    expect(both.isCurrent(await older.seal("the private key", binding))).toBe(false);
    expect(older.isCurrent(await older.seal("the private key", binding))).toBe(true);
  });

  it("all prove texts, the first makes the proof, and no proof is of another text or key", () => {
    const mac = both.authenticate("text");
    expect(mac).toMatch(/^[\w-]{43}$/);
    expect(both.isAuthentic("text", older.authenticate("text"))).toBe(true);
    expect(jweSealer([key(2)]).isAuthentic("text", mac)).toBe(true);
    expect(older.isAuthentic("text", mac)).toBe(false);
    for (const [text, other] of [
      ["texts", mac],
      ["text", `${mac}A`],
      ["text", ""],
      ["text", "é".repeat(43)],
    ] as const)
      expect(both.isAuthentic(text, other)).toBe(false);
  });

  it("do not open what another key sealed, or what names one of them falsely", async () => {
    const sealed = await jweSealer([key(3)]).seal("the private key", binding);
    await expect(both.open(sealed, binding)).rejects.toThrow("no configured key-encryption key sealed it");
    const [header = ""] = (await both.seal("the private key", binding)).split(".");
    const renamed = [header, ...sealed.split(".").slice(1)].join(".");
    await expect(both.open(renamed, binding)).rejects.toThrow("it was changed after it was sealed");
  });
});
