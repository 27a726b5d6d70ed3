import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Store, StoreUnavailableError } from "../../../src/store/port.ts";
import { createConnection } from "../../../src/store/sqlite/connection.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { createSqliteStore } from "../../../src/store/sqlite/index.ts";
import { aFamily, atOnce, NOW } from "../contract/records.ts";
import { makeFolder, removeFolder } from "./folder.ts";

/** Bytes of a page of a SQLite file. */
const PAGE = 4096;

describe("writes of one moment", () => {
  let folder: string;
  let database: DatabaseSync;
  let store: Store;
  /** Another program on the same file. */
  let other: DatabaseSync;

  beforeEach(async () => {
    folder = await makeFolder();
    const path = join(folder, "store.db");
    database = await openDatabase(path);
    store = createSqliteStore(database);
    other = new DatabaseSync(path);
  });
  afterEach(async () => {
    other.close();
    await store.close();
    await removeFolder(folder);
  });

  const families = () => store.forTenant("acme").families;
  const count = () => other.prepare("SELECT count(*) AS rows FROM families").get()?.rows;

  it("share one commit", async () => {
    const before = (await stat(join(folder, "store.db-wal"))).size;
    await atOnce(64, (index) => families().create(aFamily({ id: `${index}` })));
    const after = (await stat(join(folder, "store.db-wal"))).size;
    expect(count()).toBe(64);
    // Each commit of its own would write three pages at least: the table's, its key's and its index's.
    expect((after - before) / PAGE).toBeLessThan(64);
  });

  it("are told when all can be seen from outside, and not before", async () => {
    const [first, second] = creates(["1", "2"]);
    expect(count()).toBe(0);
    await first;
    expect(count()).toBe(2);
    await second;
  });

  it("each get their own result, in the order in which they were asked", async () => {
    const results = await Promise.all([
      families().create(aFamily()),
      families().revoke("family", NOW),
      families().revoke("family", NOW + 1),
      store.forTenant("acme").meta.raise("number", 3),
      store.forTenant("acme").meta.raise("number", 2),
    ]);
    expect(results).toEqual([undefined, true, false, 3, 3]);
  });

  it("fail alone when the fault is their own", async () => {
    const results = await Promise.allSettled([
      families().create(aFamily({ id: "1" })),
      families().create(aFamily({ id: "1", client: "again" })),
      families().create(aFamily({ id: "2", generation: 0.5 })),
      families().create(aFamily({ id: "3" })),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).not.toBeInstanceOf(StoreUnavailableError);
    }
    expect(await families().find("1")).toStrictEqual(aFamily({ id: "1" }));
    expect(count()).toBe(2);
  });

  it("wait for another process, with those that come meanwhile, and hold up nothing else", async () => {
    other.exec("BEGIN IMMEDIATE");
    const first = families().create(aFamily({ id: "1" }));
    await setImmediate();
    const second = families().create(aFamily({ id: "2" }));
    expect(await families().find("1")).toBeUndefined();
    other.exec("ROLLBACK");
    await Promise.all([first, second]);
    expect(count()).toBe(2);
  });

  it("are committed though the store is closed while they wait for another process", async () => {
    other.exec("BEGIN IMMEDIATE");
    const waiting = creates(["1", "2"]);
    const closed = store.close();
    await setImmediate();
    other.exec("ROLLBACK");
    await Promise.all([...waiting, closed]);
    expect(count()).toBe(2);
  });

  it("are all unavailable when the file stays locked, and work again when it is free", async () => {
    store = createSqliteStore(database, 1);
    other.exec("BEGIN IMMEDIATE");
    const results = await Promise.allSettled(creates(["1", "2"]));
    for (const result of results) {
      expect(result).toMatchObject({ status: "rejected", reason: expect.any(StoreUnavailableError) });
      expect(result).toMatchObject({ reason: { cause: { errstr: "database is locked" } } });
    }
    expect(await families().find("1")).toBeUndefined();
    other.exec("ROLLBACK");
    await Promise.all(creates(["1", "2"]));
    expect(count()).toBe(2);
  });

  it("are all unavailable when the disk is full, and leave nothing", async () => {
    const { page_count: pages } = database.prepare("PRAGMA page_count").get() ?? {};
    database.exec(`PRAGMA max_page_count = ${Number(pages) + 2}`);
    const results = await Promise.allSettled([
      families().create(aFamily({ id: "1" })),
      families().create(aFamily({ id: "2", decision: "x".repeat(100_000) })),
      families().create(aFamily({ id: "3" })),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({ status: "rejected", reason: expect.any(StoreUnavailableError) });
    }
    expect(count()).toBe(0);
    await families().create(aFamily({ id: "1" }));
    expect(count()).toBe(1);
  });

  it("say nothing of the rows when they are unavailable", async () => {
    store = createSqliteStore(database, 1);
    other.exec("BEGIN IMMEDIATE");
    const error: unknown = await families()
      .create(aFamily({ id: "secret-id", decision: "secret-decision" }))
      .catch((reason: unknown) => reason);
    expect(String(error)).toBe("StoreUnavailableError: The SQLite store could not commit.");
    expect(String(error instanceof Error && error.cause)).not.toContain("secret");
    other.exec("ROLLBACK");
  });

  function creates(ids: readonly string[]): readonly Promise<void>[] {
    return ids.map((id) => families().create(aFamily({ id })));
  }
});

describe("reads", () => {
  it("wait for another process, if they meet its lock", async () => {
    const folder = await makeFolder();
    const database = await openDatabase(join(folder, "store.db"));
    const connection = createConnection(database, 60_000);
    const other = new DatabaseSync(join(folder, "store.db"));
    other.exec("BEGIN IMMEDIATE");
    const reading = connection.read(() => database.exec("BEGIN IMMEDIATE; ROLLBACK"));
    await setImmediate();
    other.exec("ROLLBACK");
    await expect(reading).resolves.toBeUndefined();
    other.close();
    await connection.close();
    await removeFolder(folder);
  });

  it("are unavailable when the file cannot be read", async () => {
    const folder = await makeFolder();
    const path = join(folder, "store.db");
    const before = createSqliteStore(await openDatabase(path));
    await before.forTenant("acme").meta.raise("number", 1);
    await before.close();

    const store = createSqliteStore(await openDatabase(path));
    const { size } = await stat(path);
    const file = await open(path, "r+");
    await file.write(Buffer.alloc(size - PAGE, 0xff), 0, size - PAGE, PAGE);
    await file.close();
    await expect(store.forTenant("acme").meta.read("number")).rejects.toThrow(StoreUnavailableError);
    await store.close();
    await removeFolder(folder);
  });
});
