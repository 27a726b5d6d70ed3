import { Argument, Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { bashScript } from "./shells/bash.ts";
import { fishScript } from "./shells/fish.ts";
import { type Place, placesOf } from "./shells/places.ts";
import { zshScript } from "./shells/zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } satisfies Record<
  string,
  (places: readonly Place[]) => string
>;

/** `mintmark completion SHELL`: prints a script with which a shell completes command lines of this version. */
export function completion(io: Io, program: Command): Command {
  const command = new Command("completion")
    .summary("Print a shell completion script")
    .description("Print a shell completion script for commands, options and their values.")
    .addArgument(new Argument("<shell>", "Shell").choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => {
      io.stdout.write(SCRIPTS[shell](placesOf(program)));
    });
  return withExamples(command, [
    ["source <(mintmark completion bash)", "Add to ~/.bashrc"],
    ["source <(mintmark completion zsh)", "Add to ~/.zshrc, after compinit"],
    ["mintmark completion fish > ~/.config/fish/completions/mintmark.fish", "Install for fish"],
  ]);
}
