import { type Command, InvalidArgumentError } from "commander";
import { readConfidential } from "../frame/confidential.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";

/** What every command that works with a token has. */
export interface TokenOptions {
  readonly tenant: string;
}

/** Adds `--tenant`. */
export function withTenant(command: Command): Command {
  return command.option("--tenant <id>", "Tenant id", "default");
}

/** Adds the argument that says where a token is. */
export function withToken(command: Command, what: string): Command {
  return command.argument(
    "[file]",
    `File with the ${what}, or - for standard input (default: MINTMARK_TOKEN, standard input, or a prompt on a terminal)`,
  );
}

/** The token that {@link withToken} is about. Throws {@link UsageError} for what is surely none. */
export async function readToken(io: Io, file: string | undefined, what: string): Promise<string> {
  const token = (await readConfidential(io, { what, file, variable: "MINTMARK_TOKEN", takesInput: true })).trim();
  if (token === "") throw new UsageError(`The ${what} is empty.`);
  if (token.startsWith("{")) {
    throw new UsageError(
      `Expected only the ${what}, got JSON. mintmark mint --field access_token prints only the access token.`,
    );
  }
  return token;
}

/** Collects the values of a repeatable option, each of which may list several, separated by spaces. */
export function listed(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(/\s+/).filter((part) => part !== "")];
}

/** Collects the values of an option that may be given several times. */
export function each(value: string, before: readonly string[] = []): readonly string[] {
  if (value === "") throw new InvalidArgumentError("Expected a value that is not empty.");
  return [...before, value];
}
