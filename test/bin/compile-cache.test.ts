import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configFile } from "../../src/config/schema.ts";

const bin = join(import.meta.dirname, "../../bin");
const { compileCacheFolder } = await import(join(bin, "compile-cache.js"));

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "mintmark-cache-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content = ""): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, content);
  return file;
}

const cacheFor = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  compileCacheFolder(args, env, folder);

describe.skipIf(process.platform === "win32")("the compile cache", () => {
  it("is in a folder of its own beside the store, which nobody else can enter", () => {
    write("data/mintmark.db");
    expect(cacheFor()).toBe(join(folder, "data/compile-cache"));
    expect(statSync(join(folder, "data/compile-cache")).mode & 0o777).toBe(0o700);
    expect(cacheFor()).toBe(join(folder, "data/compile-cache"));
  });

  it("is beside the default store if nothing else is configured", () => {
    const store = configFile.shape.store.parse(undefined).replace("sqlite:", "");
    write(store);
    expect(cacheFor()).toBe(join(folder, dirname(store), "compile-cache"));
  });

  it("is not the primary's for a worker, which needs more", () => {
    write("data/mintmark.db");
    expect(cacheFor([], { _MINTMARK_WORKER: "1" })).toBe(join(folder, "data/compile-cache-of-workers"));
  });

  it.each([
    ["MINTMARK_STORE", [], { MINTMARK_STORE: "sqlite:store/a.db" }],
    ["MINTMARK_STORE_FILE", [], { MINTMARK_STORE_FILE: "url" }],
    ["MINTMARK_CONFIG", [], { MINTMARK_CONFIG: "plain.yaml" }],
    ["--config PATH", ["--config", "plain.yaml"], { MINTMARK_CONFIG: "none.yaml" }],
    ["--config=PATH", ["serve", "--config=quoted.yaml"], {}],
  ])("finds the store that %s names", (_name, args, env) => {
    write("store/a.db");
    write("url", "sqlite:store/a.db\n");
    write("plain.yaml", "tenants: {}\nstore: sqlite:store/a.db # on this disk\n");
    write("quoted.yaml", 'store: "sqlite:store/a.db"\n');
    expect(cacheFor(args, env)).toBe(join(folder, "store/compile-cache"));
  });

  it.each([
    ["there is no store yet", [], { MINTMARK_STORE: "sqlite:data/other.db" }],
    ["the store is in memory", [], { MINTMARK_STORE: "sqlite::memory:" }],
    ["the store is a MongoDB", [], { MINTMARK_STORE: "mongodb://127.0.0.1/mintmark" }],
    ["the configuration cannot be read", ["--config", "none.yaml"], {}],
    ["--config has no path", ["serve", "--config"], { MINTMARK_CONFIG: "none.yaml" }],
    ["Node has a cache elsewhere", [], { NODE_COMPILE_CACHE: "/var/cache/node" }],
    ["Node is to have none", [], { NODE_DISABLE_COMPILE_CACHE: "1" }],
    ["a command does not serve", ["keys", "list"], {}],
    ["an option asks for no command", ["--version"], {}],
  ])("is off if %s", (_name, args, env) => {
    write("data/mintmark.db");
    expect(cacheFor(args, env)).toBeUndefined();
    expect(readdirSync(folder, { recursive: true })).not.toContain("data/compile-cache");
  });

  it.each([
    ["the folder of the store", "data", 0o770],
    ["a folder above it", ".", 0o757],
  ])("is off if others can write to %s", (_name, path, mode) => {
    write("data/mintmark.db");
    chmodSync(join(folder, path), mode);
    expect(cacheFor()).toBeUndefined();
  });

  it("is off if others can enter its folder", () => {
    write("data/compile-cache/x");
    write("data/mintmark.db");
    chmodSync(join(folder, "data/compile-cache"), 0o710);
    expect(cacheFor()).toBeUndefined();
  });

  it.each(["data/compile-cache", "data"])("never follows a link at %s to what is not its own", (path) => {
    const elsewhere = mkdtempSync(join(folder, "elsewhere-"));
    writeFileSync(join(elsewhere, "mintmark.db"), "");
    chmodSync(elsewhere, 0o777);
    if (path !== "data") write("data/mintmark.db");
    symlinkSync(elsewhere, join(folder, path));
    expect(cacheFor()).toBeUndefined();
    expect(readdirSync(elsewhere)).toEqual(["mintmark.db"]);
  });

  it("keeps what the launcher runs", () => {
    write("package.json", '{ "type": "module" }');
    write("dist/mintmark.cjs", "console.log(require('node:module').getCompileCacheDir())");
    write("data/mintmark.db");
    mkdirSync(join(folder, "bin"));
    for (const file of readdirSync(bin)) copyFileSync(join(bin, file), join(folder, "bin", file));
    const launch = () => spawnSync(process.execPath, ["bin/mintmark.js"], { cwd: folder, env: {}, encoding: "utf8" });
    const cache = launch().stdout.trim();
    expect(dirname(cache)).toBe(join(folder, "data/compile-cache"));
    expect(existsSync(cache)).toBe(true);
    expect(readdirSync(cache)).toHaveLength(1);
  });
});
