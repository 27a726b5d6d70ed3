import { describe, expect, it } from "vitest";
import { resealKeys } from "../../src/keyring/reseal.ts";
import { jweSealer, SealError } from "../../src/keyring/seal.ts";
import { testKeyring } from "../support/keyring.ts";
import { createMemoryStore } from "../support/memory-store.ts";

const [OLD, NEW] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

describe("resealing", () => {
  it("lets the old key-encryption key go, and changes no key", async () => {
    const store = createMemoryStore();
    const before = await testKeyring(store, { sealer: jweSealer([OLD]) });
    expect(await resealKeys("acme", before.store.keys, jweSealer([NEW, OLD]))).toEqual({ resealed: 2, total: 2 });
    const after = await testKeyring(store, { sealer: jweSealer([NEW]) });
    expect(after.keyring.jwks(after.now())).toEqual(before.keyring.jwks(before.now()));
    expect(after.keyring.mac(1, "text")).toBe(before.keyring.mac(1, "text"));
    await expect(testKeyring(store, { sealer: jweSealer([OLD]) })).rejects.toThrow(SealError);
  });

  it("does nothing the second time", async () => {
    const store = createMemoryStore();
    const { store: part } = await testKeyring(store, { sealer: jweSealer([OLD]) });
    await resealKeys("acme", part.keys, jweSealer([NEW, OLD]));
    expect(await resealKeys("acme", part.keys, jweSealer([NEW, OLD]))).toEqual({ resealed: 0, total: 2 });
  });

  it("stops where a key does not open, and leaves it as it is", async () => {
    const store = createMemoryStore();
    const { store: part } = await testKeyring(store, { sealer: jweSealer([OLD]) });
    const rows = await part.keys.list();
    await expect(resealKeys("acme", part.keys, jweSealer([NEW]))).rejects.toThrow(SealError);
    expect(await part.keys.list()).toEqual(rows);
  });
});
