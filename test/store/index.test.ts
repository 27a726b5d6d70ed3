import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkStoreUrl, openStore } from "../../src/store/index.ts";
import { StoreUnusableError } from "../../src/store/port.ts";
import { withFolder } from "./sqlite/folder.ts";

const refusal = async (url: string): Promise<string> => {
  const error: unknown = await openStore(url).catch((reason: unknown) => reason);
  if (!(error instanceof StoreUnusableError)) throw new Error("the URL was taken, or refused as a bug would be");
  return error.message;
};

describe("openStore", () => {
  it("opens SQLite in memory", async () => {
    const store = await openStore("sqlite::memory:");
    expect(await store.forTenant("acme").meta.raise("number", 1)).toBe(1);
    await store.close();
  });

  it("opens a SQLite file, whatever the scheme's case", () =>
    withFolder(async (folder) => {
      for (const scheme of ["sqlite", "SQLite"]) {
        const store = await openStore(`${scheme}:${join(folder, "store.db")}`);
        await store.forTenant("acme").meta.raise("number", 1);
        await store.close();
      }
    }));

  it.each([
    "",
    "store.db",
    "user:hunter2@host/db",
    "postgres://user:hunter2@host/db",
    "__proto__:hunter2",
    "://hunter2",
  ])("refuses %j, names the schemes and repeats nothing of it", async (url) => {
    expect(await refusal(url)).toMatch(/^The URL of the store must begin with sqlite:/);
  });

  it("refuses a SQLite URL without a path", async () => {
    expect(await refusal("sqlite:")).toContain("sqlite:PATH");
  });
});

describe("checkStoreUrl", () => {
  it.each(["sqlite::memory:", "mongodb://mint:pw@127.0.0.1:1/mint?tls=true", "mongodb+srv://db.invalid/"])(
    "takes %s without reaching it",
    (url) => expect(checkStoreUrl(url)).resolves.toBeUndefined(),
  );

  it("takes the path of a SQLite file, and makes none", () =>
    withFolder(async (folder) => {
      await checkStoreUrl(`sqlite:${join(folder, "new", "store.db")}`);
      expect(readdirSync(folder)).toEqual([]);
    }));

  it.each([
    ["postgres://mint:hunter2@db/mint", "must begin with sqlite:"],
    ["mongodb://mint:hunter2@/x?a=%zz", "The MongoDB URL of the store cannot be used"],
    ["mongodb://mint:hunter2@db/?retryWrite=true", "The MongoDB URL of the store cannot be used"],
    ["mongodb://mint:hunter2@db/?w=1", "The MongoDB URL's w must be majority"],
    ["sqlite:", "sqlite:PATH"],
  ])("refuses %s as an attempt to open it would, without its password", async (url, message) => {
    const error: unknown = await checkStoreUrl(url).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnusableError);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain("hunter2");
  });
});
