import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FileWatch, noting } from "../../src/server/file-watch.ts";

let folder: string;
let watch: FileWatch;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-watch-"));
  watch = new FileWatch((path) => readFile(path, "utf8"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: readonly string[]) => join(folder, ...names);

/** Reads files as the service does, and expects to find them as they are. */
function readAll(...paths: readonly string[]): void {
  const { readFile: read, noted } = noting((path) => readFileSync(path, "utf8"));
  for (const path of paths) {
    try {
      read(path);
    } catch {
      // It is noted that there is none.
    }
  }
  watch.expect(noted);
}

/** The answers of the next looks. */
async function looks(count: number): Promise<readonly boolean[]> {
  const answers: boolean[] = [];
  for (let look = 0; look < count; look++) answers.push(await watch.haveChanged());
  return answers;
}

it("asks for a first reading", async () => {
  expect(await looks(2)).toEqual([true, true]);
  readAll();
  expect(await looks(2)).toEqual([false, false]);
});

it("tells of a change once it has stayed for a look, until it was acted upon", async () => {
  writeFileSync(at("a"), "one");
  readAll(at("a"));
  expect(await looks(2)).toEqual([false, false]);
  writeFileSync(at("a"), "tw");
  expect(await looks(1)).toEqual([false]);
  writeFileSync(at("a"), "two");
  expect(await looks(3)).toEqual([false, true, true]);
  readAll(at("a"));
  expect(await looks(2)).toEqual([false, false]);
});

it("tells nothing of a change that was taken back, or of a file that was written anew as it was", async () => {
  writeFileSync(at("a"), "one");
  readAll(at("a"));
  writeFileSync(at("a"), "two");
  expect(await looks(1)).toEqual([false]);
  writeFileSync(at("a"), "one");
  expect(await looks(3)).toEqual([false, false, false]);
});

it("tells of a file that disappears, and of one that was missing and appears", async () => {
  writeFileSync(at("a"), "one");
  readAll(at("a"), at("b"));
  rmSync(at("a"));
  expect(await looks(2)).toEqual([false, true]);
  readAll(at("a"), at("b"));
  writeFileSync(at("b"), "two");
  expect(await looks(2)).toEqual([false, true]);
});

it("tells of a symbolic link that is swapped, as Kubernetes swaps a mounted volume's", async () => {
  const mount = (version: string, text: string) => {
    mkdirSync(at(version));
    writeFileSync(at(version, "mintmark.yaml"), text);
    symlinkSync(version, at("..data_tmp"));
    renameSync(at("..data_tmp"), at("..data"));
  };
  mount("..2026_1", "one");
  symlinkSync(join("..data", "mintmark.yaml"), at("mintmark.yaml"));
  readAll(at("mintmark.yaml"));
  mount("..2026_2", "two");
  rmSync(at("..2026_1"), { recursive: true });
  expect(await looks(2)).toEqual([false, true]);
});

it("knows whether a later reading has found what the last look has", async () => {
  writeFileSync(at("a"), "one");
  readAll(at("a"));
  writeFileSync(at("a"), "two");
  expect(await looks(2)).toEqual([false, true]);
  const { readFile: read, noted } = noting((path) => readFileSync(path, "utf8"));
  read(at("a"));
  expect(watch.isAsLooked(noted)).toBe(true);
  writeFileSync(at("a"), "three");
  read(at("a"));
  expect(watch.isAsLooked(noted)).toBe(false);
});
