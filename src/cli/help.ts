import { Command } from "commander";
import { commandNames, unknownCommand } from "./frame/complaint.ts";
import { UsageError } from "./frame/exit.ts";

/** `mintmark help [command…]`: shows the help of a command or a subcommand. */
export function help(program: Command): Command {
  return new Command("help")
    .summary("Show help for a command")
    .description("Show help for a command.")
    .argument("[command...]", "Command, such as keys rotate")
    .action((names: readonly string[]) => {
      let found = program;
      for (const name of names) {
        const next = found.commands.find((command) => command.name() === name);
        if (next === undefined) throw new UsageError(unknownCommand(names.join(" "), commandNames(program)));
        found = next;
      }
      found.help();
    });
}
