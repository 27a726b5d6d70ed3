import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

interface Rule {
  /** The rooms and files that it may import from, beside its own room; a room stands for all that is in it. */
  readonly rooms: readonly string[];
  readonly packages?: readonly string[];
}

const PORTS = ["store/port", "keyring/port", "authorities/port"];

/**
 * Who may import whom, from the top of the house to its ground: the rule of a file is the one with the longest name that
 * the file's begins with. Only `server` and `cli` put the house together, so they and `main` may import all.
 */
const rules: Readonly<Record<string, Rule | "composes">> = {
  main: "composes",
  cli: "composes",
  "cli/frame": { rooms: ["schema/variables", "config/fields", "base"], packages: ["commander", "pino", "yaml"] },
  "cli/remote": {
    rooms: ["cli/frame", "keyring/port", "base", "../gen"],
    packages: ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-node", "commander"],
  },
  "cli/gsts": { rooms: ["registry/plain-secret", "registry/secret", "base"] },
  "cli/shells": { rooms: [], packages: ["commander"] },
  server: "composes",
  http: { rooms: ["wire", "engine/port", "engine", "registry/tenant", "token", "base"], packages: ["fastify"] },
  rpc: {
    rooms: ["wire", "engine/port", "engine", "base", "../gen"],
    packages: ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-node", "@grpc/grpc-js", "fastify"],
  },
  wire: { rooms: ["engine"] },
  grants: {
    rooms: ["engine", "registry/tenant", "authorities/port", "token", "base"],
  },
  "engine/engine": { rooms: ["engine/port", "engine/perform", "engine/operations", "engine/clients", "engine"] },
  "engine/port": { rooms: ["engine/perform", "engine", "registry/tenant", "keyring/port"] },
  "engine/perform": {
    rooms: [
      "engine/operations",
      "engine/clients",
      "engine",
      "registry/registry",
      "registry/tenant",
      "telemetry/events",
    ],
  },
  "engine/operations": {
    rooms: [
      "engine/tokens",
      "engine/clients",
      "engine",
      "registry/tenant",
      "store/port",
      "keyring/port",
      "telemetry/events",
      "token",
      "base",
    ],
  },
  "engine/tokens": {
    rooms: ["engine/clients", "engine", "registry/tenant", "store/port", "keyring/port", "token", "base"],
    packages: ["zod"],
  },
  "engine/clients": { rooms: ["engine", "registry/tenant", "base"] },
  engine: {
    rooms: ["engine/tokens", "engine/clients", "registry/tenant", ...PORTS, "telemetry/events", "token", "base"],
  },
  config: { rooms: ["registry", "keyring/seal", "schema", "base"], packages: ["zod"] },
  registry: { rooms: ["keyring/algorithms", "keyring/port", "schema", "token", "base"], packages: ["zod"] },
  keyring: { rooms: ["store/port", "token", "base"], packages: ["jose"] },
  authorities: { rooms: ["token", "base"], packages: ["jose"] },
  store: { rooms: ["store", "base"], packages: ["mongodb"] },
  schema: { rooms: ["base"], packages: ["zod", "yaml"] },
  telemetry: { rooms: ["base"] },
  token: { rooms: ["base"] },
  base: { rooms: [] },
};

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const files = filesIn("src").map((file) => relative("src", file));

const texts = new Map(
  ["src", "test", "scripts"].flatMap(filesIn).map((file) => [file, readFileSync(join(root, file), "utf8")]),
);

/** A file of `src/` without its ending, as the rules name it. */
const nameOf = (file: string) => file.replace(/\.ts$/, "");

/** What a file imports: packages by their specifiers, files by their paths from the root. */
function importsOf(file: string): readonly string[] {
  const found = (texts.get(file) ?? "").matchAll(
    /^(?:import|export)\s[^;]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gms,
  );
  return [...found].map(([, named, bare, dynamic]) => {
    const specifier = named ?? bare ?? dynamic ?? "";
    return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier;
  });
}

/** The files of `src/` that one of them imports. */
function targetsOf(file: string): readonly string[] {
  return importsOf(`src/${file}`).flatMap((target) => (target.startsWith("src/") ? [relative("src", target)] : []));
}

/** The package of a specifier: its scope and name. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const isIn = (name: string, room: string) => name === room || name.startsWith(`${room}/`);

/** The room, or the file with a rule of its own, that a file is in. */
function roomOf(file: string): string {
  const rooms = Object.keys(rules).filter((room) => isIn(nameOf(file), room));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? "";
}

/** Those of a rule's entries that let a file import a target. An entry for a room of rooms stands for its own files. */
function entriesFor(target: string, { rooms, packages = [] }: Rule): readonly string[] {
  if (target.startsWith("gen/")) return rooms.filter((room) => room === "../gen");
  if (!target.startsWith("src/")) return packages.filter((name) => name === packageOf(target));
  const name = nameOf(relative("src", target));
  const room = roomOf(`${name}.ts`);
  return rooms.filter(
    (allowed) => allowed === name || allowed === room || (isIn(name, allowed) && !(allowed in rules)),
  );
}

function trespasses(file: string): readonly string[] {
  const rule = rules[roomOf(file)];
  if (rule === undefined) return ["it is in a room that has no rule"];
  if (rule === "composes") return [];
  return importsOf(`src/${file}`).filter((target) => {
    if (target.startsWith("node:") || roomOf(relative("src", target)) === roomOf(file)) return false;
    return entriesFor(target, rule).length === 0;
  });
}

/** Files that import one another, by whatever way round. */
function circleFrom(file: string): readonly string[] {
  const seen = new Set<string>();
  const reach = (from: string): boolean =>
    targetsOf(from).some((target) => {
      if (target === file) return true;
      if (seen.has(target)) return false;
      seen.add(target);
      return reach(target);
    });
  return reach(file) ? [...seen] : [];
}

/** What a file exports by name. */
function exportsOf(file: string): readonly string[] {
  const found = (texts.get(`src/${file}`) ?? "").matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm,
  );
  return [...found].map(([, name]) => name ?? "");
}

/** The names that files take out of what they import when they need it: those of its exports that they mention. */
const importedLater = [...texts].flatMap(([file, text]) =>
  [...text.matchAll(/\bimport\("(\.[^"]+)"\)/g)].flatMap(([, specifier = ""]) => {
    const target = normalize(join(dirname(file), specifier));
    const mentioned = exportsOf(relative("src", target)).filter((name) => new RegExp(`[{,] ${name}\\b`).test(text));
    return mentioned.map((name) => `${target} ${name}`);
  }),
);

/** The names that any file imports from one of `src/`. */
const imported = new Set([
  ...importedLater,
  ...[...texts].flatMap(([file, text]) =>
    [...text.matchAll(/^(?:import|export) (?:type )?(?:\w+, )?(\{[^}]*\}|\* as \w+) from "(\.[^"]+)"/gm)].flatMap(
      ([, names = "", specifier = ""]) => {
        const target = normalize(join(dirname(file), specifier));
        if (names.startsWith("*")) return exportsOf(relative("src", target)).map((name) => `${target} ${name}`);
        return names
          .slice(1, -1)
          .split(",")
          .map(
            (name) =>
              `${target} ${
                name
                  .trim()
                  .replace(/^type /, "")
                  .split(" as ")[0]
              }`,
          );
      },
    ),
  ),
]);

describe("architecture", () => {
  it.each(files)("%s imports only what its room may", (file) => {
    expect(trespasses(file)).toEqual([]);
  });

  it.each(files)("%s is in no circle", (file) => {
    expect(circleFrom(file)).toEqual([]);
  });

  it.each(files)("%s exports nothing that nobody imports", (file) => {
    expect(exportsOf(file).filter((name) => !imported.has(`src/${file} ${name}`))).toEqual([]);
  });

  it.each(files)("%s has at most 250 lines", (file) => {
    expect(texts.get(`src/${file}`)?.split("\n").length).toBeLessThanOrEqual(251);
  });

  it.each(Object.entries(rules))("has a use for each part of the rule of %s", (room, rule) => {
    const inside = files.filter((file) => roomOf(file) === room);
    expect(inside).not.toEqual([]);
    if (rule === "composes") return;
    const used = new Set(
      inside.flatMap((file) => importsOf(`src/${file}`).flatMap((target) => entriesFor(target, rule))),
    );
    expect([...rule.rooms, ...(rule.packages ?? [])].filter((entry) => !used.has(entry))).toEqual([]);
  });

  it("looks at files that have imports and exports", () => {
    expect(targetsOf("engine/operations/mint.ts")).toContain("engine/clients/authenticate.ts");
    expect(exportsOf("engine/operations/mint.ts")).toEqual(["mint"]);
    expect(imported).toContain("src/engine/operations/mint.ts mint");
  });
});
