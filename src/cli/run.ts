import { CommanderError } from "commander";
import { complaintOf, isAnswer } from "./frame/complaint.ts";
import { EXIT, exitCodeOf, explain } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { createProgram } from "./program.ts";

/** Options of the program itself, which name no command either. */
const ABOUT_THE_PROGRAM = ["-h", "--help", "-V", "--version"];

/**
 * Does what a command line says: `mintmark [command] [options]`; without a command it serves. `argv` is without the
 * program's own name. Resolves to the exit code, and says on standard error what went wrong.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
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
    // Commander has shown the help of a command that is none without another behind it.
    if (error.code !== "commander.help") {
      io.stderr.write(
        `mintmark: ${complaintOf(error, program)}\nmintmark --help lists the commands and their options.\n`,
      );
    }
    return EXIT.usage;
  }
}

function withCommand(argv: readonly string[]): readonly string[] {
  const [first] = argv;
  const namesNone = first === undefined || (first.startsWith("-") && !ABOUT_THE_PROGRAM.includes(first));
  return namesNone ? ["serve", ...argv] : argv;
}
