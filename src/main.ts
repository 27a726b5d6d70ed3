#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { ClockOffError } from "./base/clock.ts";
import { acceptClock } from "./cli/accept-clock.ts";
import { type Command, UsageError } from "./cli/command.ts";
import { copy } from "./cli/copy.ts";
import { reseal } from "./cli/reseal.ts";
import { revokeClient } from "./cli/revoke-client.ts";
import { rotate } from "./cli/rotate.ts";
import { serve } from "./cli/serve.ts";
import { loadConfig } from "./config/load.ts";
import { OAuthError } from "./engine/errors.ts";
import { grants } from "./grants/index.ts";
import { SealError } from "./keyring/seal.ts";
import { ConfigError } from "./schema/problems.ts";
import { CopyError } from "./store/copy.ts";
import { StoreUnavailableError, StoreUnusableError } from "./store/port.ts";

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({ serve, rotate, reseal, copy, "revoke-client": revokeClient, "accept-clock": acceptClock }),
);

/** Does what the command line names: `mintmark [command] [--config PATH] [options]`. */
async function main([first, ...rest]: readonly string[]): Promise<void> {
  const named = first !== undefined && !first.startsWith("-");
  const command = commands.get(named ? first : "serve");
  if (command === undefined) throw new UsageError(usage());
  const { config: path, ...options } = readOptions(
    command,
    named ? rest : first === undefined ? rest : [first, ...rest],
  );
  const config = loadConfig({
    argv: typeof path === "string" ? ["--config", path] : [],
    env: process.env,
    readFile: (name) => readFileSync(name, "utf8"),
    cwd: process.cwd(),
    grantTypes: grants.map((grant) => grant.grantType),
  });
  // What a command prints is for programs to read, so the log of those that print goes elsewhere.
  const logger = pino({ level: config.logLevel }, pino.destination({ fd: command === serve ? 1 : 2, sync: true }));
  const printed = await command.run(config, logger, options);
  if (printed !== undefined) process.stdout.write(`${printed}\n`);
}

function readOptions(
  command: Command,
  args: readonly string[],
): Readonly<Record<string, string | boolean | undefined>> {
  try {
    return parseArgs({ args: [...args], options: { ...command.options, config: { type: "string" } } }).values as Record<
      string,
      string | boolean
    >;
  } catch (error) {
    throw new UsageError(`${complaintOf(error)}\n${usage()}`);
  }
}

/** Node repeats an argument that it did not expect, which may be a URL with a password: that is not repeated. */
function complaintOf(error: unknown): string {
  const isUnexpected =
    error instanceof Error && "code" in error && error.code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL";
  if (isUnexpected) return "An argument is unexpected: a command takes options alone, such as --config PATH.";
  return error instanceof Error ? error.message : String(error);
}

function usage(): string {
  const lines = Array.from(commands, ([name, { summary }]) => `  mintmark ${name.padEnd(15)}${summary}`);
  return ["usage: mintmark [command] [--config PATH]", ...lines].join("\n");
}

/** What an operator can mend is told in plain words; anything else with all that is known of it. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return `The configuration cannot be used:\n${error.message}`;
  if (error instanceof SealError) return error.message;
  if (error instanceof StoreUnavailableError || error instanceof StoreUnusableError) return error.message;
  if (error instanceof ClockOffError) return error.message;
  if (error instanceof CopyError || error instanceof UsageError || error instanceof OAuthError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`mintmark: ${explain(error)}\n`);
    process.exit(1);
  },
);
