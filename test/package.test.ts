import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly dependencies?: unknown;
  readonly private?: unknown;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, "..", name), "utf8"));
const manifest: Manifest = read("package.json");
const locked: Readonly<Record<string, LockedPackage>> = read("package-lock.json").packages;
const installed = Object.entries(locked).filter(([path]) => path !== "");

it("every package is locked with its integrity, those that bring Node too", () => {
  expect(installed.filter(([, { integrity }]) => !integrity?.startsWith("sha512-")).map(([path]) => path)).toEqual([]);
});

it("one version of Node is there for every platform, as a package whose binary needs no script", () => {
  const versions = new Set<string>();
  for (const [name, version] of Object.entries(manifest.optionalDependencies)) {
    versions.add(version);
    expect(locked[`node_modules/${name}`], name).toMatchObject({
      version,
      optional: true,
      bin: { node: expect.stringMatching(/^bin\/node(\.exe)?$/) },
    });
  }
  expect([...versions]).toEqual([expect.stringMatching(/^26\.\d+\.\d+$/)]);
});

it("no package runs a script when it is installed", () => {
  const withScript = installed.filter(([, { hasInstallScript }]) => hasInstallScript);
  const names = withScript.map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
  expect(names.filter((name) => manifest.allowScripts[name] !== false)).toEqual([]);
});

it("the package can be published, and needs no other: the bundle has them all", () => {
  expect(manifest.private).toBeUndefined();
  expect(manifest.dependencies).toBeUndefined();
});
