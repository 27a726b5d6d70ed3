import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const src = join(root, "src");

/** Which folders of `src/` each of them may import from, beside its own; and which packages. */
const rules: Record<string, { folders: readonly string[]; packages: readonly string[] }> = {
  base: { folders: [], packages: [] },
  token: { folders: ["base"], packages: [] },
  store: { folders: ["base", "token"], packages: ["mongodb"] },
  keyring: { folders: ["base", "token", "store/port"], packages: ["jose"] },
  authorities: { folders: ["base", "token"], packages: ["jose", "zod"] },
  engine: { folders: ["base", "token", "store/port", "keyring/port", "authorities/port"], packages: [] },
  grants: { folders: ["base", "token", "engine", "authorities/port"], packages: [] },
  config: {
    folders: ["base", "token", "engine/tenant", "keyring/algorithms", "keyring/port", "keyring/seal"],
    packages: ["zod", "yaml"],
  },
  http: { folders: ["base", "token", "engine"], packages: ["fastify"] },
  rpc: {
    folders: ["base", "token", "engine", "../gen"],
    packages: ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-node", "@grpc/grpc-js", "fastify"],
  },
};

const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => relative(src, join(entry.parentPath, entry.name)));

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(src, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\s[^;]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gms)].map(
    ([, named, bare, dynamic]) => named ?? bare ?? dynamic ?? "",
  );
}

/** The package of a specifier: its scope and name. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** What a file imports that its folder must not. */
function trespasses(file: string): readonly string[] {
  const folder = file.split("/")[0] ?? "";
  const rule = rules[folder];
  if (rule === undefined) throw new Error(`${folder}/ has no rule`);
  return importsOf(file).filter((specifier) => {
    if (specifier.startsWith("node:")) return false;
    if (!specifier.startsWith(".")) return !rule.packages.includes(packageOf(specifier));
    const target = relative(src, join(src, dirname(file), specifier)).replace(/\.ts$/, "");
    return ![folder, ...rule.folders].some((allowed) => target === allowed || target.startsWith(`${allowed}/`));
  });
}

/** Wiring knows every layer. */
const layered = files.filter((file) => file.includes("/") && !file.startsWith("commands/"));

describe("architecture", () => {
  it.each(layered)("%s imports only what its layer may", (file) => {
    expect(trespasses(file)).toEqual([]);
  });

  it.each(files)("%s has at most 250 lines", (file) => {
    expect(readFileSync(join(src, file), "utf8").split("\n").length).toBeLessThanOrEqual(251);
  });

  it("has no layer that nothing rules", () => {
    expect(new Set(layered.map((file) => file.split("/")[0]))).toEqual(new Set(Object.keys(rules)));
  });

  it("looks at files that have imports", () => {
    expect(importsOf("engine/mint.ts")).toContain("./authenticate.ts");
  });
});
