import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { confirm } from "./frame/prompt.ts";
import { atStore } from "./local/at-store.ts";
import { type ConfigOptions, configOption } from "./local/config.ts";

const MEANING =
  "Stop all nodes first. Tokens that were made ahead of the clock become active when their time comes, and no revocation " +
  "of a subject or a client ends them before that: rotate both keys, for signing and for refresh, as compromised afterwards " +
  "if that matters. Tokens and grants from before that would end by the time that the clock told are dead afterwards: " +
  "their revocations may have been deleted.";

/** `mintmark accept-clock`: recovers from a clock that was so far ahead that no start can wait for it. */
export function acceptClock(io: Io): Command {
  const command = new Command("accept-clock")
    .summary("has nodes start with today's clock though it was ahead before")
    .description(`Has all nodes, which are stopped, start with today's clock though it was ahead before.\n\n${MEANING}`)
    .addOption(configOption())
    .option("--yes", "goes on without a question")
    .action(async ({ yes = false, ...options }: ConfigOptions & { readonly yes?: boolean }) => {
      await confirm(io, MEANING, yes);
      const { forgetCeiling } = await import("../engine/ceiling.ts");
      const told = await atStore(io, { ...options, alone: true }, ({ store }) => forgetCeiling(store, Date.now()));
      io.stdout.write(
        told === undefined
          ? "Nothing was told from this store yet: any clock will do.\n"
          : `Forgotten: what was told up to ${new Date(told).toISOString()}. Nodes start with the machine's clock.\n`,
      );
    });
  return withExamples(command, [
    ["mintmark accept-clock --config mintmark.yaml --yes", "Once all nodes are stopped and the clock is right"],
  ]);
}
