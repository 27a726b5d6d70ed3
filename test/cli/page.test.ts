import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { processIo } from "../../src/cli/frame/io.ts";
import { cliPage } from "../../src/cli/page.ts";
import { createProgram } from "../../src/cli/program.ts";

const page = cliPage();

it("docs/cli.md is what the commands' help makes", () => {
  expect(readFileSync(join(import.meta.dirname, "../../docs/cli.md"), "utf8")).toBe(page);
});

/** The examples in the help of all commands: what a reader would paste. */
const examples = Array.from(page.matchAll(/^ {2}(.*\bmintmark .*)$/gm), ([, line = ""]) => line).filter(
  (line) => !line.startsWith("#"),
);

/** The words of each call of the program in a line, as a shell would give them. */
function callsIn(line: string): readonly (readonly string[])[] {
  return line
    .replace(/ [<>] \S+$/, "")
    .split("|")
    .map((part) => Array.from(part.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g), ([, a, b, c]) => a ?? b ?? c ?? ""))
    .flatMap((words) => (words.includes("mintmark") ? [words.slice(words.indexOf("mintmark") + 1)] : []));
}

/** The program, whose commands do nothing. */
function inert(): Command {
  const program = createProgram(processIo());
  const still = (command: Command) => {
    command.action(() => undefined);
    command.commands.forEach(still);
  };
  program.commands.forEach(still);
  return program;
}

describe("the examples", () => {
  it("are there for every command", () => {
    const sections = page.split(/^## /m).slice(1);
    const without = sections.filter((section) => !section.includes("Examples:") && !section.startsWith("help\n"));
    expect(without.map((section) => section.split("\n")[0])).toEqual([]);
  });

  it.each(examples)("%s can be read", async (line) => {
    for (const call of callsIn(line)) await inert().parseAsync(call, { from: "user" });
  });
});

it("no option takes a secret or a token itself", () => {
  const options = Array.from(page.matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm), ([, name = ""]) => name);
  expect(options).toContain("client-secret-file");
  expect(options.filter((name) => /(?:secret|token|password)$/.test(name))).toEqual([]);
});
