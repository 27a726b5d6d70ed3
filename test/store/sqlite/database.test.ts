import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreUnavailableError, StoreUnusableError } from "../../../src/store/port.ts";
import { countQuery } from "../../../src/store/sqlite/count.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import { migrations } from "../../../src/store/sqlite/schema.ts";
import { aReferenceToken, aRevocation, NOW } from "../contract/records.ts";
import { makeFolder, removeFolder } from "./folder.ts";

describe("openDatabase", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await makeFolder();
    path = join(folder, "store.db");
  });
  afterEach(() => removeFolder(folder));

  const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

  /** Does something to the file as another program would. */
  function byHand<T>(use: (database: DatabaseSync) => T): T {
    const database = new DatabaseSync(path);
    try {
      return use(database);
    } finally {
      database.close();
    }
  }

  it("makes the missing folders and the files for its user alone", async () => {
    const deep = join(folder, "made", "here");
    const database = await openDatabase(join(deep, "store.db"));
    expect(await modeOf(join(folder, "made"))).toBe(0o700);
    expect(await modeOf(deep)).toBe(0o700);
    const files = await readdir(deep);
    expect(files).toContain("store.db-wal");
    for (const file of files) expect(await modeOf(join(deep, file))).toBe(0o600);
    database.close();
  });

  it("leaves the modes of a folder and a file that are there", async () => {
    await writeFile(path, "");
    await chmod(path, 0o640);
    await chmod(folder, 0o750);
    (await openDatabase(path)).close();
    expect(await modeOf(path)).toBe(0o640);
    expect(await modeOf(folder)).toBe(0o750);
  });

  // Not even root may make a folder there.
  it.skipIf(process.platform !== "linux")("cannot be used if it may not make the folder, however often", async () => {
    const opening = openDatabase("/sys/mintmark/store.db");
    await expect(opening).rejects.toThrow(
      /^The SQLite file \/sys\/mintmark\/store\.db cannot be opened: E(?:ACCES|PERM|ROFS)/,
    );
    await expect(opening).rejects.toThrow(StoreUnusableError);
  });

  it("creates nothing if it is not to", async () => {
    await expect(openDatabase(path, { create: false })).rejects.toThrow(StoreUnusableError);
    await expect(openSqliteStore(`sqlite:${path}`, { create: false })).rejects.toThrow(
      `There is no SQLite file ${path}`,
    );
    expect(await readdir(folder)).toEqual([]);
    (await openDatabase(path)).close();
    (await openDatabase(path, { create: false })).close();
  });

  it("takes a relative path", async () => {
    const database = await openDatabase(relative(process.cwd(), path));
    expect(database.location()).toBe(path);
    database.close();
  });

  it("writes ahead to a log that is on the disk when a commit returns", async () => {
    const database = await openDatabase(path);
    expect(database.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "wal" });
    expect(database.prepare("PRAGMA synchronous").get()).toMatchObject({ synchronous: 2 });
    database.close();
  });

  it("brings an empty file to today's schema, once", async () => {
    for (let time = 0; time < 2; time++) {
      const database = await openDatabase(path);
      expect(database.prepare("PRAGMA user_version").get()).toMatchObject({ user_version: migrations.length });
      database.close();
    }
  });

  it("takes the steps that a file has not seen, and keeps what is in it", async () => {
    byHand((database) => database.exec(`${migrations[0]}; PRAGMA user_version = 1`));
    byHand((database) => database.exec("INSERT INTO meta VALUES ('acme', 'number', 1)"));
    const database = await openDatabase(path);
    expect(database.prepare("PRAGMA user_version").get()).toMatchObject({ user_version: migrations.length });
    expect(database.prepare("SELECT value FROM meta").get()).toMatchObject({ value: 1 });
    database.close();
  });

  it("keeps rows that did not say whose they are, which count for nobody", async () => {
    const before = migrations.slice(0, 2);
    byHand((database) => {
      database.exec(`${before.join(";")}; PRAGMA user_version = ${before.length}`);
      database.exec(`INSERT INTO reference_tokens VALUES ('acme', 'digest', '{}', ${NOW + 1_000}, '1.mac')`);
      database.exec(`INSERT INTO revocations VALUES ('acme', 'revocation', ${NOW}, ${NOW + 1_000})`);
    });
    const store = await openSqliteStore(`sqlite:${path}`);
    const { referenceTokens, revocations } = store.forTenant("acme");
    expect(await referenceTokens.find("digest")).toStrictEqual(aReferenceToken({ claims: "{}" }));
    expect(await revocations.find(["revocation"])).toStrictEqual([aRevocation()]);
    for (const { count } of [referenceTokens, revocations]) expect(await count("client", NOW, 10)).toBe(0);
    await store.close();
  });

  it.each([
    ["families", "purge_at"],
    ["reference_tokens", "expires_at"],
    ["revocations", "expires_at"],
  ])(
    "counts a client's rows of %s by their index alone, however many rows others have or have ended",
    async (table, end) => {
      const database = await openDatabase(path);
      const plan = database
        .prepare(`EXPLAIN QUERY PLAN ${countQuery(table, end)}`)
        .all({ tenant: "", client: "", now: 1, most: 1 });
      expect(plan.map(({ detail }) => detail)).toContainEqual(
        expect.stringContaining(`COVERING INDEX ${table}_by_client (tenant=? AND client=? AND ${end}>?)`),
      );
      database.close();
    },
  );

  it.each([
    ["families", "id"],
    ["reference_tokens", "digest"],
    ["revocations", "id"],
  ])("finds rows of %s by their key", async (table, column) => {
    const database = await openDatabase(path);
    const plan = database.prepare(`EXPLAIN QUERY PLAN SELECT * FROM ${table} WHERE tenant = ? AND ${column} IN (?, ?)`);
    expect(plan.all().map(({ detail }) => detail)).toEqual([
      expect.stringMatching(
        `^SEARCH ${table} USING (PRIMARY KEY|INDEX sqlite_autoindex_\\w+) \\(tenant=\\? AND ${column}=\\?\\)$`,
      ),
    ]);
    database.close();
  });

  it("takes all steps or none", async () => {
    const last = "CREATE TABLE meta (other TEXT)";
    byHand((database) => database.exec(last));
    await expect(openDatabase(path)).rejects.toThrow("already exists");
    const tables = byHand((database) => database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all());
    expect(tables).toMatchObject([{ name: "meta" }]);
    expect(byHand((database) => database.prepare("PRAGMA user_version").get())).toMatchObject({ user_version: 0 });
  });

  it("refuses a file of a newer version, and leaves it as it is", async () => {
    const newer = migrations.length + 1;
    byHand((database) => database.exec(`CREATE TABLE t (a); PRAGMA user_version = ${newer}`));
    const opened = openDatabase(path);
    await expect(opened).rejects.toThrow(StoreUnusableError);
    await expect(opened).rejects.toThrow(
      `newer version of this program: its schema is ${newer}, and the newest one known here is ${migrations.length}`,
    );
    expect(byHand((database) => database.prepare("PRAGMA journal_mode").get())).toMatchObject({
      journal_mode: "delete",
    });
  });

  it("is unavailable if the path cannot be a database", async () => {
    await mkdir(path);
    await expect(openDatabase(path)).rejects.toThrow(StoreUnavailableError);
    await writeFile(join(folder, "text"), "This is not a database, however long it is. ".repeat(100));
    await expect(openDatabase(join(folder, "text"))).rejects.toThrow(/text cannot be opened: file is not a database/);
    await expect(openDatabase(join(folder, "text", "store.db"))).rejects.toThrow(StoreUnavailableError);
  });

  it("may be called many times at once for one new file", async () => {
    const databases = await Promise.all(Array.from({ length: 8 }, () => openDatabase(path)));
    for (const database of databases) database.close();
  });
});
