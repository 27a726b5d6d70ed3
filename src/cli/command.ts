import type { ParseArgsOptionsConfig } from "node:util";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";

/** Something that the program does: `mintmark <name> --option …`. */
export interface Command {
  /** What it does, in a line. */
  readonly summary: string;
  /** Its options beside `--config`. */
  readonly options: ParseArgsOptionsConfig;
  /** Resolves to what is to be printed when it is done, if anything. Throws if it cannot do it. */
  run(config: Config, logger: Logger, options: CommandOptions): Promise<string | undefined>;
}

/** The options that were given. */
export type CommandOptions = Readonly<Record<string, string | boolean | undefined>>;

/** A command that was called in a way that makes no sense. Its message says what was expected. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** One of several words, or undefined if the option was not given. Throws {@link UsageError} for any other. */
export function oneOf<W extends string>(words: readonly W[], options: CommandOptions, name: string): W | undefined {
  const given = options[name];
  if (given === undefined) return undefined;
  const word = words.find((candidate) => candidate === given);
  if (word === undefined) throw new UsageError(`--${name} must be one of ${words.join(", ")}.`);
  return word;
}

/** The text of an option, or undefined if it was not given. */
export function textOf(options: CommandOptions, name: string): string | undefined {
  const given = options[name];
  return typeof given === "string" ? given : undefined;
}
