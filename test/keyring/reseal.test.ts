import { describe, expect, it } from "vitest";
import { resealKeys } from "../../src/keyring/reseal.ts";
import { jweSealer, SealError } from "../../src/keyring/seal.ts";
import type { KeyRecord } from "../../src/store/port.ts";
import { testKeyring } from "../support/keyring.ts";
import { createMemoryStore } from "../support/memory-store.ts";

const [OLD, NEW] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

describe("resealing", () => {
  it("lets the old key-encryption key go, and changes no key", async () => {
    const store = createMemoryStore();
    const before = await testKeyring(store, { sealer: jweSealer([OLD]) });
    expect(await resealKeys("acme", before.store, jweSealer([NEW, OLD]), { now: before.now() })).toEqual({
      resealed: 2,
      total: 2,
    });
    const after = await testKeyring(store, { sealer: jweSealer([NEW]) });
    expect(after.keyring.jwks(after.now())).toEqual(before.keyring.jwks(before.now()));
    expect(after.keyring.mac(1, "text")).toBe(before.keyring.mac(1, "text"));
    await expect(testKeyring(store, { sealer: jweSealer([OLD]) })).rejects.toThrow(SealError);
  });

  it("does nothing the second time", async () => {
    const store = createMemoryStore();
    const { store: part } = await testKeyring(store, { sealer: jweSealer([OLD]) });
    await resealKeys("acme", part, jweSealer([NEW, OLD]), { now: 0 });
    expect(await resealKeys("acme", part, jweSealer([NEW, OLD]), { now: 0 })).toEqual({ resealed: 0, total: 2 });
  });

  it("stops if a key does not open, and leaves it as it is", async () => {
    const store = createMemoryStore();
    const { store: part } = await testKeyring(store, { sealer: jweSealer([OLD]) });
    const rows = await part.keys.list();
    await expect(resealKeys("acme", part, jweSealer([NEW]), { now: 0 })).rejects.toThrow(SealError);
    expect(await part.keys.list()).toEqual(rows);
  });

  it("keeps the date of rows without a MAC, until an operator takes it away", async () => {
    const store = createMemoryStore();
    const { store: part } = await testKeyring(store, { sealer: jweSealer([OLD]) });
    const [row] = (await part.keys.list()).filter(({ use }) => use === "refresh");
    if (row === undefined) throw new Error("there is no key");
    const { sealed, ...binding } = row;
    const dated = await jweSealer([OLD]).seal("key", { tenant: "acme", ...binding }, 99);
    await part.keys.reseal("refresh", 1, sealed, dated);
    await resealKeys("acme", part, jweSealer([NEW, OLD]), { now: 0 });
    const opened = () => testKeyring(store, { sealer: jweSealer([NEW, OLD]) });
    expect((await opened()).keyring.oldRowsUntil()).toBe(99);
    const order = { now: 0, refuseOldRows: true };
    expect(await resealKeys("acme", part, jweSealer([NEW, OLD]), order)).toEqual({ resealed: 1, total: 2 });
    expect((await opened()).keyring.oldRowsUntil()).toBe(0);
    expect(await resealKeys("acme", part, jweSealer([NEW, OLD]), order)).toEqual({ resealed: 0, total: 2 });
  });

  it.each<Partial<KeyRecord>>([{ algorithm: "RS256" }, { createdAt: 1 }, { activateAt: 1 }, { request: "x" }])(
    "no node opens a key whose row was changed: %j",
    async (change) => {
      const { store: part } = await testKeyring(createMemoryStore());
      const written = createMemoryStore();
      for (const row of await part.keys.list()) {
        await written.forTenant("acme").keys.append({ ...row, ...(row.use === "signing" && change) }, 0);
      }
      await expect(testKeyring(written)).rejects.toThrow(SealError);
    },
  );
});
