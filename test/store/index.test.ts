import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/index.ts";
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
