import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { FOREVER } from "../../src/base/clock.ts";
import { CopyError, copyStore } from "../../src/store/copy.ts";
import type { CopyableStore, StoredRow } from "../../src/store/copy-port.ts";
import { openMongoStore } from "../../src/store/mongodb/index.ts";
import { StoreUnavailableError } from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { makeDatabase, refuseTtl, withMongo } from "../support/mongodb.ts";
import { aFamily, aKey, aReferenceToken, aRegistration, aRevocation, aStep, NOW, oddIds } from "./contract/records.ts";
import { makeFolder, removeFolder } from "./sqlite/folder.ts";

/** Nothing of the rows below is over, and nothing ends soon. */
const EARLY = NOW - 7_200_000;

/** Everything that a store can hold, of two tenants. */
async function fill(store: CopyableStore): Promise<void> {
  for (const id of ["acme", "globex"]) {
    const { keys, families, referenceTokens, revocations, meta } = store.forTenant(id);
    for (let after = 0; after < 11; after++)
      await keys.append(aKey({ generation: after + 1, sealed: `${id}.${after}` }), after);
    await keys.append(aKey({ use: "refresh", request: "request" }), 0);
    await Promise.all([
      ...oddIds.map((name, index) => families.create(aFamily({ id: name, generation: index }))),
      ...oddIds.map((name) => referenceTokens.create(aReferenceToken({ digest: name, client: name }))),
      ...oddIds.map((name, index) => revocations.raise(aRevocation({ id: name, notAfter: index, client: name }))),
      ...oddIds.map((name, index) => meta.raise(name, index)),
    ]);
    await families.create(aFamily({ id: "bare", namespace: undefined, subject: undefined, purgeAt: FOREVER }));
    await families.revoke("a", NOW);
    await referenceTokens.create(aReferenceToken({ digest: "nobody's" }));
    await revocations.raise(aRevocation({ id: "ever", notAfter: FOREVER, expiresAt: FOREVER }));
  }
  const { registrations } = store;
  await Promise.all(oddIds.map((id) => registrations.put(aRegistration({ id }), undefined)));
  await registrations.put(aRegistration({ id: "gone", deletedAt: NOW, purgeAt: NOW + 1_000 }), undefined);
}

async function rowsOf(store: CopyableStore): Promise<readonly StoredRow[]> {
  const rows: StoredRow[] = [];
  for await (const row of store.dump()) rows.push(row);
  const name = ({ kind, tenant, record }: StoredRow) => JSON.stringify([kind, tenant, Object.values(record)]);
  return rows.toSorted((one, other) => (name(one) < name(other) ? -1 : 1));
}

/** Copies from SQLite into a store of another kind, or of the same. */
function copies(open: () => Promise<CopyableStore>, clear: () => Promise<void>): void {
  let folder: string;
  let from: CopyableStore;
  let to: CopyableStore;

  beforeEach(async () => {
    folder = await makeFolder();
    from = await openSqliteStore(`sqlite:${join(folder, "from.db")}`);
    to = await open();
  });
  afterEach(async () => {
    await Promise.all([from.close(), to.close()]);
    await clear();
    await removeFolder(folder);
  });

  const copy = (now = EARLY) => copyStore(from, to, () => now);

  it("holds the same rows afterwards, and after another time", async () => {
    await fill(from);
    const odd = oddIds.length;
    const counts = {
      key: 24,
      family: 2 * odd + 2,
      "reference token": 2 * odd + 2,
      revocation: 2 * odd + 2,
      meta: 2 * odd,
      registration: odd + 1,
    };
    expect(await copy()).toEqual(counts);
    expect(await rowsOf(to)).toStrictEqual(await rowsOf(from));
    expect(await copy()).toEqual(counts);
    expect(await rowsOf(to)).toStrictEqual(await rowsOf(from));
  });

  it("follows a source that was used for some more time", async () => {
    await fill(from);
    await copy();
    const { keys, families, revocations, meta, referenceTokens } = from.forTenant("acme");
    await keys.append(aKey({ generation: 12 }), 11);
    await keys.reseal("signing", 1, "acme.0", "resealed");
    await families.advance("", aStep({ from: 0, to: 3, attemptId: "later" }));
    await families.reconcile("bare", "attemptId.0", NOW + 77, NOW + 77);
    await families.revoke("null", NOW + 5);
    await revocations.raise(aRevocation({ id: "1", notAfter: NOW + 9 }));
    await meta.raise("1", 99);
    await referenceTokens.create(aReferenceToken({ digest: "later" }));
    const deleted = { document: "{}", etag: "etag.2", updatedAt: NOW + 2, deletedAt: NOW + 2, purgeAt: NOW + 1_000 };
    await from.registrations.put(aRegistration({ id: "a", ...deleted }), "etag.1");
    await copy();
    expect(await rowsOf(to)).toStrictEqual(await rowsOf(from));
  });

  it("never brings a row back to what it was", async () => {
    await fill(from);
    await copy();
    const { families, revocations, meta } = to.forTenant("acme");
    await families.advance("", aStep({ from: 0, to: 1, attemptId: "used" }));
    await families.revoke("bare", NOW + 5);
    await revocations.raise(aRevocation({ id: "1", notAfter: NOW + 9 }));
    await meta.raise("1", 99);
    await to.registrations.put(aRegistration({ id: "a", etag: "etag.2", updatedAt: NOW + 2 }), "etag.1");
    const used = await rowsOf(to);
    await copy();
    expect(await rowsOf(to)).toStrictEqual(used);
  });

  it("leaves out what is over, and does not count what ends soon", async () => {
    const { keys, families, referenceTokens } = from.forTenant("acme");
    await keys.append(aKey(), 0);
    await families.create(aFamily({ id: "over", purgeAt: NOW }));
    await families.create(aFamily({ id: "soon", purgeAt: NOW + 600_000 }));
    await referenceTokens.create(aReferenceToken({ expiresAt: NOW + 600_001 }));
    expect(await copy(NOW)).toEqual({
      key: 1,
      family: 0,
      "reference token": 1,
      revocation: 0,
      registration: 0,
      meta: 0,
    });
    const target = to.forTenant("acme").families;
    expect(await target.find("over")).toBeUndefined();
    expect(await target.find("soon")).toBeDefined();
  });

  it("refuses a target with other keys, and one with more rows", async () => {
    await fill(from);
    await to.forTenant("globex").keys.append(aKey({ createdAt: NOW + 1 }), 0);
    await expect(copy()).rejects.toThrow("The target has keys of its own");
  });

  it("tells if the target has more rows", async () => {
    await fill(from);
    await to.forTenant("acme").families.create(aFamily({ id: "its own" }));
    await expect(copy()).rejects.toThrow(/The stores differ: .* 44 families.* 45 families/);
  });

  it("refuses an empty source", async () => {
    await expect(copy()).rejects.toThrow(CopyError);
  });

  it("is refused once the store is closed", async () => {
    await to.close();
    await expect(rowsOf(to)).rejects.toThrow(StoreUnavailableError);
  });
}

describe("a copy from SQLite to SQLite", () => {
  copies(
    () => openSqliteStore("sqlite::memory:"),
    async () => {},
  );
});

withMongo("a copy from SQLite to MongoDB", (uri) => {
  const database = makeDatabase(uri);
  afterAll(() => database.drop());
  copies(
    async () => {
      await refuseTtl(database);
      return openMongoStore(database.url);
    },
    () => database.clear(),
  );
});
