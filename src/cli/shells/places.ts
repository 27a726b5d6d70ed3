import type { Argument, Command, Option } from "commander";

/** What may be typed after an option, or as an argument. */
export type Takes = "nothing" | "file" | "text" | readonly string[];

/** A word that may be typed, and its description. */
export interface Word {
  readonly word: string;
  readonly purpose: string;
}

/** An option with all its names, such as `-h` and `--help`. */
interface OptionWord {
  readonly names: readonly string[];
  readonly purpose: string;
  readonly takes: Takes;
}

/** A place on the command line: after the program's name, or after a command. */
export interface Place {
  /** The names of the commands that lead there, such as `keys rotate`; empty after the program's name. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly OptionWord[];
  /** The command's first argument. */
  readonly takes: Takes;
}

/** All places on a program's command line. */
export function placesOf(command: Command, path = "", root = command): readonly Place[] {
  const help = command.createHelp();
  const place: Place = {
    path,
    commands: command.commands.map((each) => ({ word: each.name(), purpose: summaryOf(each) })),
    options: help.visibleOptions(command).map(optionWord),
    takes: argumentTakes(command.registeredArguments[0], root),
  };
  return [place, ...command.commands.flatMap((each) => placesOf(each, `${path} ${each.name()}`.trim(), root))];
}

function summaryOf(command: Command): string {
  return plain(command.summary() || command.description());
}

function optionWord({ short, long, description, ...option }: Option): OptionWord {
  return {
    names: [short, long].filter((name) => name !== undefined),
    purpose: plain(description),
    takes: option.argChoices ?? (option.required ? takesOf(option.flags) : "nothing"),
  };
}

function argumentTakes(argument: Argument | undefined, root: Command): Takes {
  if (argument === undefined) return "nothing";
  if (argument.name() === "command") return root.commands.map((each) => each.name());
  return argument.argChoices ?? takesOf(argument.name());
}

/** What a placeholder stands for, by its name: `<path>`, `[file]`, `[folder]`. */
function takesOf(placeholder: string): Takes {
  return /\b(?:path|file|folder)\b/.test(placeholder.replace(/--[\w-]+/, "")) ? "file" : "text";
}

/** The text before the first full stop, semicolon, colon or bracket. */
function plain(text: string): string {
  return text.split(/[.;:](?:\s|$)| \(/)[0] ?? "";
}
