import type { Command } from "commander";

/** A command line that works, and what it is for. */
type Example = readonly [line: string, purpose: string];

/** Adds examples to the end of a command's help. */
export function withExamples(command: Command, examples: readonly Example[]): Command {
  const lines = examples.flatMap(([line, purpose]) => [`  # ${purpose}`, `  ${line}`, ""]);
  return command.addHelpText("after", ["", "Examples:", ...lines].join("\n").trimEnd());
}
