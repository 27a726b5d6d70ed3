import { CommanderError } from "commander";
import { withCommand } from "./default-command.ts";
import { complaintOf, isAnswer } from "./frame/complaint.ts";
import { watchOutput } from "./frame/delivery.ts";
import { EXIT, exitCodeOf, explain } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { createProgram } from "./program.ts";

/**
 * Runs a command line: `mintmark [command] [options]`; without a command it serves. `argv` does not include the
 * program's name. Resolves to the exit code, and reports errors on standard error.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const failureOfOutput = watchOutput(io.stdout);
  const code = await runCommand(argv, io);
  const failure = await failureOfOutput();
  if (failure === undefined) return code;
  io.stderr.write(`mintmark: Cannot write to standard output (${failure}): the output is incomplete.\n`);
  return code === EXIT.done ? EXIT.usage : code;
}

async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  const program = createProgram(io);
  try {
    await program.parseAsync(withCommand(argv), { from: "user" });
    return EXIT.done;
  } catch (error) {
    if (isAnswer(error)) return EXIT.done;
    if (!(error instanceof CommanderError)) {
      io.stderr.write(`mintmark: ${explain(error)}\n`);
      return exitCodeOf(error);
    }
    // Commander has already shown the help, if a group of commands was named without a subcommand.
    if (error.code !== "commander.help") {
      io.stderr.write(
        `mintmark: ${complaintOf(error, program)}\nRun mintmark --help for a list of commands and options.\n`,
      );
    }
    return EXIT.usage;
  }
}
