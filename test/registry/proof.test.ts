import { describe, expect, it } from "vitest";
import { jweSealer } from "../../src/keyring/seal.ts";
import { isProven, prove, proveAnew } from "../../src/registry/proof.ts";
import { aRegistration } from "../store/contract/records.ts";
import { failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { allRows } from "../support/registry.ts";

const [old, new_] = [1, 2].map((fill) => new Uint8Array(32).fill(fill)) as [Uint8Array, Uint8Array];
const [before, both, after] = [jweSealer([old]), jweSealer([new_, old]), jweSealer([new_])];

describe("the proof of a registration", () => {
  const row = prove(aRegistration(), before);

  it("is of any key, and made with the first", () => {
    expect([before, both, after].map((sealer) => isProven(row, sealer))).toEqual([true, true, false]);
    const anew = prove(row, both);
    expect([before, both, after].map((sealer) => isProven(anew, sealer))).toEqual([false, true, true]);
  });

  it.each([
    { kind: "tenant" },
    { tenant: "globex" },
    { id: "other" },
    { document: "{}" },
    { etag: "other" },
    { createdAt: 1 },
    { updatedAt: 1 },
    { deletedAt: 1 },
    { purgeAt: 1 },
    { mac: "" },
    { mac: "é".repeat(row.mac.length) },
  ])("is of all of it: %j", (change) => {
    expect(isProven({ ...row, ...change }, before)).toBe(false);
  });

  it("is made anew for every row that was proven, and for no other", async () => {
    const { registrations } = createMemoryStore();
    for (let id = 0; id < 3; id++) await registrations.put(prove(aRegistration({ id: `${id}` }), before), undefined);
    await registrations.put(aRegistration({ id: "forged" }), undefined);
    expect(await proveAnew(registrations, both)).toEqual({ renewed: 3, total: 4, notGenuine: 1 });
    expect(await proveAnew(registrations, both)).toEqual({ renewed: 0, total: 4, notGenuine: 1 });
    const rows = await allRows(registrations);
    expect(rows.filter((each) => isProven(each, after))).toHaveLength(3);
    // It says what it said, so whoever has seen it before can change it.
    expect(new Set(rows.map(({ etag }) => etag))).toEqual(new Set(["etag.1"]));
  });

  it("is not made anew for what somebody else writes at the same time", async () => {
    const store = failingStore(createMemoryStore());
    await store.registrations.put(row, undefined);
    const theirs = prove({ ...row, etag: "theirs" }, both);
    store.beforeNext("registrations.put", () => store.registrations.put(theirs, row.etag));
    expect(await proveAnew(store.registrations, both)).toMatchObject({ renewed: 0 });
    expect(await store.registrations.find(row)).toStrictEqual(theirs);
  });
});
