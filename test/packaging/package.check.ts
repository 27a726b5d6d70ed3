import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { serveOnce } from "./serve.ts";

const root = join(import.meta.dirname, "../..");
const tarball = inject("tarball");

/** The most that the package may weigh, so that nobody ships what does not belong there unseen. */
const MAX_PACKED_BYTES = 2_000_000;

/** What is in it: whole folders, and files. */
const FOLDERS = ["bin", "deploy/helm", "deploy/systemd", "docs", "proto/mintmark"];
const FILES = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "deploy/alerts.yaml",
  "deploy/grafana.json",
  "dist/licenses.txt",
  "dist/mintmark.cjs",
  "mintmark.example.yaml",
  "mintmark.minimal.yaml",
  "mintmark.schema.json",
  "package.json",
];

/** A Node on the PATH that is too old to run mintmark, if there is one. */
const oldNode = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "node"))
  .find((path) => existsSync(path) && majorOf(path) < 26);

function majorOf(node: string): number {
  return Number.parseInt(execFileSync(node, ["-p", "process.versions.node"], { encoding: "utf8", env: {} }), 10);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-installed-"));
  // The optional dependencies are but Nodes of 200 MB, one of which the tests have already.
  execFileSync("npm", ["install", "--offline", "--omit=optional", "--prefix", folder, tarball], { stdio: "pipe" });
});
afterAll(() => rmSync(folder, { recursive: true }));

const installed = () => join(folder, "node_modules/mintmark");
const program = () => join(folder, "node_modules/.bin/mintmark");

describe("the package", () => {
  it("has what it says and nothing else, and is light", () => {
    const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
    const paths = files.map((file) => file.replace(/^package\//, ""));
    const outside = paths.filter(
      (path) => !FILES.includes(path) && !FOLDERS.some((folder) => path.startsWith(`${folder}/`)),
    );
    expect(outside).toEqual([]);
    const { size } = statSync(tarball);
    const bundled = statSync(join(installed(), "dist/mintmark.cjs")).size;
    process.stdout.write(`The package has ${size} bytes, at most ${MAX_PACKED_BYTES}; the bundle in it ${bundled}.\n`);
    expect(size).toBeLessThan(MAX_PACKED_BYTES);
  });

  it("installs no other package", () => {
    const { packages } = JSON.parse(readFileSync(join(folder, "node_modules/.package-lock.json"), "utf8"));
    const required = Object.entries<{ readonly optional?: boolean }>(packages).filter(([, { optional }]) => !optional);
    expect(required.map(([path]) => path)).toEqual(["node_modules/mintmark"]);
  });

  it("mints, under npx, with a Node that can run it", async () => {
    const { claims } = await serveOnce("npx", ["--no", "--prefix", folder, "mintmark"]);
    expect(claims).toMatchObject({ sub: "alice" });
  });

  it("names what a caller has to mend as the source does", () => {
    const told = (path: string) =>
      spawnSync(process.execPath, [path, "--no-such-option"], { encoding: "utf8", env: {} });
    const [packaged, source] = [told(program()), told(join(root, "src/main.ts"))];
    expect(packaged.stderr).toBe(source.stderr);
    expect(packaged.status).toBe(source.status);
  });
});

describe.skipIf(oldNode === undefined)("the package under an old Node", () => {
  const optional = () => join(folder, "node_modules", `node-${process.platform}-${process.arch}`);

  it("says so if no newer one is installed", () => {
    const { status, stderr } = spawnSync(oldNode ?? "", [program()], { encoding: "utf8", env: {} });
    expect(stderr).toMatch(
      /^mintmark: Node 26 or newer is required, this is v\d+\.\d+\.\d+, and the optional dependency that provides one/,
    );
    expect(stderr).not.toContain(" at ");
    expect(status).toBe(1);
  });

  it("mints with the Node that came with it", async () => {
    mkdirSync(join(optional(), "bin"), { recursive: true });
    symlinkSync(process.execPath, join(optional(), "bin/node"));
    const { claims, code } = await serveOnce(oldNode ?? "", [program()]);
    expect(claims).toMatchObject({ sub: "alice" });
    expect(code).toBe(0);
  });
});
