import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";

const run = promisify(execFile);

type Shell = "bash" | "zsh" | "fish";

/** How a shell is had to tell what it would offer after some words, of which the last is being typed. */
const ASKING: Readonly<Record<Shell, (script: string, words: readonly string[]) => readonly string[]>> = {
  bash: (script, words) => [
    "--noprofile",
    "--norc",
    "-c",
    `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mintmark; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "bash",
    ...words,
  ],
  // Outside of its line editor zsh completes nothing: what the script calls there prints instead.
  zsh: (script, words) => [
    "-f",
    "-c",
    `compdef() { :; }
_files() { print FILES; }
_message() { :; }
compadd() { shift; print -l -- "$@"; }
_describe() { print -l -- "\${(@)\${(P)@[-1]}%%:*}"; }
${script}
words=("$@"); CURRENT=$#; _mintmark`,
    "zsh",
    ...words,
  ],
  fish: (script, words) => ["--no-config", "-c", `${script}\ncomplete -C '${words.join(" ")}'`],
};

describe.each(["bash", "zsh", "fish"] as const)("mintmark completion %s", (shell) => {
  const isHere = spawnSync(shell, ["-c", "exit"]).status === 0;
  let script = "";
  beforeAll(async () => {
    script = (await commandLine(["completion", shell])).stdout;
  });

  /** What is offered that begins as the last word does. */
  async function offered(line: string): Promise<readonly string[]> {
    const words = line.split(" ");
    const { stdout } = await run(shell, ASKING[shell](script, words));
    // What a word is for stands behind a tab.
    const all = stdout.split("\n").map((line) => line.split("\t")[0] ?? "");
    return all.filter((word) => word !== "" && word.startsWith(words.at(-1) ?? ""));
  }

  it.skipIf(!isHere)("offers commands, and theirs", async () => {
    expect(await offered("mintmark ")).toEqual(expect.arrayContaining(["mint", "keys", "config", "help"]));
    expect(await offered("mintmark in")).toEqual(["introspect"]);
    expect((await offered("mintmark keys r")).filter((word) => word !== "-h")).toEqual(["rotate"]);
    expect(await offered("mintmark completion f")).toEqual(["fish"]);
    expect(await offered("mintmark help acc")).toEqual(["accept-clock"]);
  });

  it.skipIf(!isHere)("offers a command's options, and what they may be", async () => {
    expect(await offered("mintmark keys rotate --m")).toEqual(["--mode"]);
    expect(await offered("mintmark keys rotate --mode i")).toEqual(["immediate"]);
    expect(await offered("mintmark mint --format ya")).toEqual(["yaml"]);
    expect(await offered("mintmark keys list --tenant rotate --s")).toEqual(["--store"]);
    expect(await offered("mintmark mint --dry")).toEqual([]);
  });

  it("knows every command", async () => {
    const { stdout } = await commandLine(["help"]);
    const [commands = ""] = stdout.split("Exit codes:");
    const names = Array.from(commands.matchAll(/^ {2}([a-z-]+)[ |]/gm), ([, name]) => name);
    expect(names.length).toBeGreaterThan(12);
    for (const name of names) expect(script).toContain(`' ${name}'`);
  });
});

it("no other shell is known", async () => {
  const { code, stderr } = await commandLine(["completion", "tcsh"]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("Allowed choices are bash, zsh, fish.")]);
});
