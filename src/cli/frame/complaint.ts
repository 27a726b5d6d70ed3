import { type Command, CommanderError } from "commander";
import { nearest } from "../../base/nearest.ts";

/** A word that can be repeated, as no secret looks like it. */
const PLAIN_WORD = /^[a-z][a-z-]{0,19}$/;

/**
 * What a command line that cannot be read is told. No argument is repeated: it may be a URL with a password, or a token
 * in the wrong place; commander would repeat it.
 */
export function complaintOf(error: CommanderError, program: Command): string {
  const { code, message } = error;
  const said = message.replace(/^error: /, "");
  switch (code) {
    case "commander.unknownOption": {
      const [, option = ""] = /'(--?[^'=\s]*)/.exec(said) ?? [];
      const [, hint = ""] = /\n\(Did you mean (.*)\?\)$/.exec(said) ?? [];
      return `unknown option ${option}${hint && `; did you mean ${hint}?`}`;
    }
    case "commander.unknownCommand":
      return unknownCommand(/'(.*)'/s.exec(said)?.[1] ?? "", commandNames(program));
    case "commander.excessArguments":
      return "unexpected argument; use options such as --tenant NAME";
    case "commander.invalidArgument":
      return said
        .replace(/^option '(?:-\w, )?(--[\w-]+).*?' argument '.*' is invalid\. /s, "$1: ")
        .replace(/^command-argument value '.*' is invalid for argument '(.*?)'\. /s, "$1: ");
    case "commander.optionMissingArgument":
    case "commander.missingMandatoryOptionValue":
      return said.replace(
        /^(?:required )?option '(?:-\w, )?(--[\w-]+)(.*)' (argument missing|not specified)$/s,
        "$1$2 is required",
      );
    default:
      return said;
  }
}

/** What is said of a command that there is not. */
export function unknownCommand(word: string, known: readonly string[]): string {
  if (!PLAIN_WORD.test(word)) return "unknown command";
  const [best] = known.filter((name) => lastWord(name) === nearest(word, known.map(lastWord)));
  return `unknown command ${word}${best === undefined ? "" : `; did you mean mintmark ${best}?`}`;
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf(" ") + 1);
}

/** The names of all commands below one, such as `keys rotate`. */
export function commandNames(command: Command, prefix = ""): readonly string[] {
  return command.commands.flatMap((each) => [
    `${prefix}${each.name()}`,
    ...commandNames(each, `${prefix}${each.name()} `),
  ]);
}

/** Whether an error of commander's is none: help or the version was asked for, and told. */
export function isAnswer(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}
