import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Rule, Rules } from "./rules.ts";
import { parse, type Source } from "./sources.ts";

const root = join(import.meta.dirname, "..", "..");

/** The texts of the repository's own files, by their paths from its root. */
export function readTexts(): ReadonlyMap<string, string> {
  const names = ["src", "test", "scripts"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
  return new Map(names.map((name) => [name, readFileSync(join(root, name), "utf8")]));
}

/** The files of `src/`, by their names there, and what is against the rules in each. */
export class House {
  /** Without `src/` and their ending. */
  readonly files: readonly string[];
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #rules: Rules;
  /** What any file imports of one of `src/`: the file, a blank, and the name of the export. */
  readonly #imported: ReadonlySet<string>;

  constructor(texts: ReadonlyMap<string, string>, rules: Rules) {
    this.#sources = parse(texts);
    this.#rules = rules;
    this.files = [...texts.keys()].flatMap((path) => nameOf(path) ?? []);
    this.#imported = new Set([...this.#sources.values()].flatMap((source) => this.#importedBy(source)));
  }

  /** What it imports although the rule of its room does not allow that. */
  trespasses(file: string): readonly string[] {
    const rule = this.#rules[this.roomOf(file)];
    if (rule === undefined) return ["it is in a room that has no rule"];
    return this.#targetsOf(file).filter((target) => {
      if (target.startsWith("node:") || this.#isInSameRoom(file, target)) return false;
      return rule !== "composes" && this.#entriesFor(target, rule).length === 0;
    });
  }

  /** What it imports from a room that stands above its own. */
  upward(file: string): readonly string[] {
    const order = Object.keys(this.#rules);
    const heightOf = (name: string) => order.indexOf(this.roomOf(name));
    return this.neighbours(file).filter((target) => heightOf(target) < heightOf(file));
  }

  /** The files that import one another with it, by whatever way round. */
  circleFrom(file: string): readonly string[] {
    const seen = new Set<string>();
    const reach = (from: string): boolean =>
      this.neighbours(from).some((target) => {
        if (target === file) return true;
        if (seen.has(target)) return false;
        seen.add(target);
        return reach(target);
      });
    return reach(file) ? [...seen] : [];
  }

  /** The files of `src/` that it imports. */
  neighbours(file: string): readonly string[] {
    return this.#targetsOf(file).flatMap((target) => nameOf(target) ?? []);
  }

  /** What it exports, by name. */
  exportsOf(file: string): readonly string[] {
    return this.#sourceOf(file).exports.map(({ name }) => name);
  }

  /** What it exports and no other file imports. */
  unusedExports(file: string): readonly string[] {
    return this.exportsOf(file).filter((name) => !this.#imported.has(`${file} ${name}`));
  }

  /** What it exports without a doc comment. */
  undocumentedExports(file: string): readonly string[] {
    return this.#sourceOf(file).exports.flatMap(({ name, hasDocComment }) => (hasDocComment ? [] : [name]));
  }

  /** The parts of a room's rule that no file of it needs; the room itself if it has no files. */
  leftOver(room: string): readonly string[] {
    const inside = this.files.filter((file) => this.roomOf(file) === room);
    if (inside.length === 0) return [room];
    const rule = this.#rules[room];
    if (rule === undefined || rule === "composes") return [];
    const used = new Set(
      inside.flatMap((file) => this.#targetsOf(file)).flatMap((target) => this.#entriesFor(target, rule)),
    );
    return [...rule.rooms, ...(rule.packages ?? [])].filter((entry) => !used.has(entry));
  }

  /** The room, or the file with a rule of its own, that a file is in. */
  roomOf(file: string): string {
    const rooms = Object.keys(this.#rules).filter((room) => isIn(file, room));
    return rooms.sort((a, b) => b.length - a.length)[0] ?? "";
  }

  #sourceOf(file: string): Source {
    return this.#sources.get(`src/${file}.ts`) ?? { imports: [], exports: [], taken: new Set() };
  }

  #targetsOf(file: string): readonly string[] {
    return this.#sourceOf(file).imports.map(({ target }) => target);
  }

  #isInSameRoom(file: string, target: string): boolean {
    const name = nameOf(target);
    return name !== undefined && this.roomOf(name) === this.roomOf(file);
  }

  /** Those of a rule's entries that let a file import a target. An entry for a room of rooms stands for its own files. */
  #entriesFor(target: string, { rooms, packages = [] }: Rule): readonly string[] {
    if (target.startsWith("gen/")) return rooms.filter((room) => room === "../gen");
    const name = nameOf(target);
    if (name === undefined) return packages.filter((allowed) => allowed === packageOf(target));
    const room = this.roomOf(name);
    return rooms.filter(
      (allowed) => allowed === name || allowed === room || (isIn(name, allowed) && !(allowed in this.#rules)),
    );
  }

  #importedBy({ imports, taken }: Source): readonly string[] {
    return imports.flatMap(({ target, names, isWhole }) => {
      const file = nameOf(target);
      if (file === undefined) return [];
      const used = isWhole ? [...names, ...this.exportsOf(file).filter((name) => taken.has(name))] : names;
      return used.map((name) => `${file} ${name}`);
    });
  }
}

/** A file of `src/`, as the rules name it; undefined for any other. */
function nameOf(path: string): string | undefined {
  return /^src\/(.+)\.ts$/.exec(path)?.[1];
}

/** The package of a specifier: its scope and name. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function isIn(name: string, room: string): boolean {
  return name === room || name.startsWith(`${room}/`);
}
