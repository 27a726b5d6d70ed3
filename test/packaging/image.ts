import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Instruction, stagesOf, wordsOf } from "../support/dockerfile.ts";

const root = join(import.meta.dirname, "../..");

/** The image as a plain folder, and how it is run. */
export interface Image {
  /** What is `/` in it. */
  readonly folder: string;
  /** Where a path of the image is on this machine; any other text stays as it is. */
  place(path: string): string;
  readonly user: number;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  /** The entrypoint and its arguments, as this machine can run them. */
  readonly command: readonly string[];
  /** The health check, likewise. */
  readonly healthcheck: readonly string[];
  /** Deletes it and what it was built in. */
  remove(): void;
}

/**
 * Does what the Dockerfile says in a folder that stands for each stage's `/`, where no container can be run. The base is
 * this machine, its Node is this one, and what `npm ci` would install is what is installed here.
 */
export function buildImage(): Image {
  const all = mkdtempSync(join(tmpdir(), "mintmark-image-"));
  chmodSync(all, 0o755);
  const folders = new Map<string, string>();
  const stages = stagesOf(readFileSync(join(root, "Dockerfile"), "utf8"));
  for (const [stage, instructions] of stages) {
    const folder = join(all, `stage-${stage}`);
    mkdirSync(folder);
    folders.set(stage, folder);
    let workdir = "/";
    for (const instruction of instructions) {
      if (instruction.name === "WORKDIR") {
        workdir = instruction.text;
        mkdirSync(join(folder, workdir), { recursive: true });
      }
      if (instruction.name === "COPY")
        copy(instruction, folders.get(instruction.flags.from ?? "") ?? root, folder, workdir);
      if (instruction.name === "RUN") run(instruction.text, join(folder, workdir));
    }
  }
  const [name = "", instructions = []] = [...stages].at(-1) ?? [];
  const remove = () => {
    execFileSync("chmod", ["-R", "u+w", all]);
    rmSync(all, { recursive: true });
  };
  return { ...describe(folders.get(name) ?? "", instructions), remove };
}

function copy({ text, flags }: Instruction, from: string, folder: string, workdir: string): void {
  const words = text.split(" ");
  const target = words.pop() ?? "";
  for (const source of words) {
    const here = target.startsWith("/") ? target : join(workdir, target);
    const to = join(folder, here, target.endsWith("/") ? source : "");
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(from, source), to, { recursive: true });
    const [owner] = (flags.chown ?? "").split(":").map(Number);
    if (owner && process.getuid?.() === 0) chownSync(to, owner, owner);
  }
}

function run(command: string, folder: string): void {
  if (command.startsWith("npm ci ")) symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  else execFileSync("/bin/sh", ["-c", command], { cwd: folder, stdio: "pipe" });
}

function describe(folder: string, instructions: readonly Instruction[]): Omit<Image, "remove"> {
  const last = (name: string) => instructions.findLast((instruction) => instruction.name === name);
  const text = (name: string) => last(name)?.text ?? "";
  const words = (name: string) => {
    const instruction = last(name);
    return (instruction && wordsOf(instruction)) ?? [];
  };
  const env = instructions.filter(({ name }) => name === "ENV").map((instruction) => instruction.text.split("=", 2));
  const place = (path: string) => (path.startsWith("/") ? join(folder, path) : path);
  const local = ([, ...args]: readonly string[]) => [process.execPath, ...args.map(place)];
  return {
    folder,
    place,
    user: Number.parseInt(text("USER"), 10),
    workdir: place(text("WORKDIR")),
    env: Object.fromEntries(env.map(([name = "", value = ""]) => [name, place(value)])),
    command: local([...words("ENTRYPOINT"), ...words("CMD")]),
    healthcheck: local(words("HEALTHCHECK")),
  };
}

/** Takes from everybody the right to write below a folder, but for one in it, if one is named. */
export function makeReadOnly(folder: string, except?: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (path !== except) chmodSync(path, entry.isDirectory() ? 0o555 : 0o444);
  }
  chmodSync(folder, 0o555);
}
