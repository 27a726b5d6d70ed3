import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { StoreUnusableError } from "../../../src/store/port.ts";
import { checkPath } from "../../../src/store/sqlite/check-path.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import { withFolder } from "./folder.ts";

describe("checkPath", () => {
  it("takes a file, and one that does not exist yet", () =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "store.db"), "");
      for (const path of ["store.db", "new.db", "a/b/new.db"]) checkPath(join(folder, path));
      checkPath(":memory:");
      expect(readdirSync(folder)).toEqual(["store.db"]);
    }));

  it("refuses a folder, what is below a file, and no path, as opening does", () =>
    withFolder(async (folder) => {
      mkdirSync(join(folder, "data"));
      writeFileSync(join(folder, "file"), "");
      for (const path of [join(folder, "data"), join(folder, "file", "a", "store.db"), "", "a\0b"]) {
        expect(() => checkPath(path)).toThrow(StoreUnusableError);
        await expect(openSqliteStore(`sqlite:${path}`)).rejects.toThrow(StoreUnusableError);
      }
    }));
});
