/**
 * Spoils the mint in one way after the other, each in a copy of the tree, and lets the simulation look for it: exits
 * with 1 where one is not noticed within `--seeds N` seeds (100 unless given). `--only NAME` tries that one alone.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MUTATIONS, type Mutation } from "../test/simulation/mutations.ts";

const root = join(import.meta.dirname, "..");

/** What of the tree the simulation needs. */
const PARTS = ["package.json", "src", "gen", "scripts", "test"];

interface Run {
  readonly failed: boolean;
  readonly output: string;
}

async function copyTree(to: string): Promise<void> {
  await Promise.all(PARTS.map((part) => cp(join(root, part), join(to, part), { recursive: true })));
  await symlink(join(root, "node_modules"), join(to, "node_modules"));
}

/** Applies a mutation; returns what undoes it. */
async function apply({ edits, name }: Mutation, folder: string): Promise<() => Promise<void>> {
  const originals = new Map<string, string>();
  for (const { file, search, replacement } of edits) {
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    if (text.split(search).length !== 2) throw new Error(`${name}: ${file} does not have it exactly once: ${search}`);
    if (!originals.has(path)) originals.set(path, text);
    await writeFile(
      path,
      text.replace(search, () => replacement),
    );
  }
  return async () => {
    for (const [path, text] of originals) await writeFile(path, text);
  };
}

function simulate(folder: string, seeds: number): Promise<Run> {
  return new Promise((resolve, reject) => {
    const script = join(folder, "scripts", "simulate.ts");
    const args = [script, "--seeds", String(seeds), "--as-found"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    child.on("error", reject);
    child.on("exit", (code) => resolve({ failed: code !== 0, output }));
  });
}

const { values } = parseArgs({ options: { only: { type: "string" }, seeds: { type: "string", default: "100" } } });
const chosen = MUTATIONS.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) throw new Error(`--only must be one of ${MUTATIONS.map(({ name }) => name).join(", ")}`);

const folder = await mkdtemp(join(tmpdir(), "mintmark-mutate-"));
try {
  await copyTree(folder);
  for (const mutation of chosen) {
    const undo = await apply(mutation, folder);
    const { failed, output } = await simulate(folder, Number(values.seeds));
    await undo();
    const [, seeds] = /failed, after (\d+) seeds/.exec(output) ?? [];
    const noticed = failed && seeds !== undefined;
    const why = /^seed \d+: (?:Violation: )?(.*)$/m.exec(output)?.[1] ?? output.slice(0, 400);
    console.log(
      `${noticed ? "noticed" : "NOT NOTICED"} ${mutation.name} (${mutation.what}): after ${seeds} seeds: ${why}`,
    );
    if (!noticed) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
