import { cpSync, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type Command, type Ended, run } from "./command.ts";
import type { Toolchain } from "./toolchains.ts";

/** A program that uses somebody else's client or resource server. */
export interface Client {
  readonly name: string;
  /** The folder that has it. */
  readonly source: string;
  readonly toolchain: Toolchain;
  /** Whether it compiles for minutes the first time: it is run only if it is named. */
  readonly isSlow?: boolean;
  /** Adds what it verifies with to a copy of its folder. `issuer`: whose tokens those are. */
  lay?(folder: string, issuer: string): void;
}

/** How it went. */
export interface Outcome {
  readonly result: "ok" | "failed" | "skipped";
  /** What was proven, or why it failed or was skipped: one line. */
  readonly words: string;
  /** All that was said, if something was. */
  readonly details?: string;
}

/** How long a registry may take to answer one command, in milliseconds. */
const FETCH_LIMIT = 120_000;

/** How long a client may take to compile, or to run: only one that hangs takes so long. */
const RUN_LIMIT = 300_000;

/** The registry has answered, and not with what is locked: its silence explains none of these. */
const WRONG_PACKAGES = /EINTEGRITY|can only install packages when|checksum mismatch|DO NOT MATCH THE HASHES/;

/**
 * Copies a client into a folder and gets its packages there. Returns undefined once it can be built; else why it cannot:
 * it is skipped if this machine lacks its toolchain, or a registry does not answer.
 */
export async function fetchPackages(
  { source, toolchain: { needs, fetch } }: Client,
  folder: string,
): Promise<Outcome | undefined> {
  cpSync(source, folder, { recursive: true });
  const missing = needs.find((program) => !isHere(program));
  if (missing !== undefined) return { result: "skipped", words: `no ${missing} here` };
  for (const command of fetch) {
    const ended = await run(command, { cwd: folder, env: process.env, milliseconds: FETCH_LIMIT });
    if (ended.code === 0) continue;
    const result = WRONG_PACKAGES.test(said(ended)) ? "failed" : "skipped";
    return { result, words: `its packages cannot be fetched: ${complaint(command, ended)}`, details: said(ended) };
  }
  return undefined;
}

/**
 * Compiles a client in its folder, and runs it. It ends with 0 if all went well, and prints a line for each thing that it
 * has proven. `told`: the variables that say where mintmark is.
 */
export async function prove(
  { toolchain: { build, start } }: Client,
  folder: string,
  told: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const surroundings = { cwd: folder, env: { ...process.env, ...told }, milliseconds: RUN_LIMIT };
  if (build !== undefined) {
    const built = await run(build, surroundings);
    if (built.code !== 0) return { result: "failed", words: complaint(build, built), details: said(built) };
  }
  const ended = await run(start, surroundings);
  const proven = linesOf(ended.stdout).join(", ");
  if (ended.code === 0 && proven !== "") return { result: "ok", words: proven };
  const after = proven === "" ? "" : ` (after: ${proven})`;
  return { result: "failed", words: `${complaint(start, ended)}${after}`, details: said(ended) };
}

function isHere(program: string): boolean {
  return process.env.PATH?.split(delimiter).some((folder) => existsSync(join(folder, program))) === true;
}

/** How Python, Node and Java begin the line that says what went wrong. */
const ERROR = /^(?:Exception in thread |[\w.]*(?:Error|Exception)\b.*: )/;

/** What went wrong, in one line: the one that names an error, as others may say where it was. */
function complaint([program]: Command, { code, stdout, stderr }: Ended): string {
  const lines = linesOf(`${stderr}\n${stdout}`);
  const words = lines.find((line) => ERROR.test(line)) ?? lines[0] ?? "it said nothing";
  return `${program} ended with ${code ?? "no exit code"}: ${words}`;
}

function said({ stdout, stderr }: Ended): string {
  return `${stdout}${stderr}`;
}

function linesOf(text: string): readonly string[] {
  const lines = stripVTControlCharacters(text).split("\n");
  return lines.flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}
