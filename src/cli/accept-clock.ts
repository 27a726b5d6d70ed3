import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { confirm } from "./frame/prompt.ts";
import { atStore } from "./local/at-store.ts";
import { type ConfigOptions, configOption } from "./local/config.ts";

const MEANING =
  "Stop all nodes first. Tokens that were minted while the clock was ahead become active when their time comes, and until " +
  "then revoking a subject or a client does not affect them. If that matters, rotate both the signing key and the refresh " +
  "key afterwards, with --mode compromised. Older tokens and grants that would have expired by the time that the clock " +
  "showed become inactive, because their revocations may have been deleted.";

/** `mintmark accept-clock`: recovers from a clock that was so far ahead that no start can wait for it. */
export function acceptClock(io: Io): Command {
  const command = new Command("accept-clock")
    .summary("Let nodes start after their clock ran too far ahead")
    .description(`Let nodes start with the current time after their clock ran too far ahead.\n\n${MEANING}`)
    .addOption(configOption())
    .option("--yes", "Do not ask for confirmation")
    .action(async ({ yes = false, ...options }: ConfigOptions & { readonly yes?: boolean }) => {
      await confirm(io, MEANING, yes);
      const { forgetCeiling } = await import("../engine/ceiling.ts");
      const told = await atStore(io, { ...options, alone: true }, ({ store }) => forgetCeiling(store, Date.now()));
      io.stdout.write(
        told === undefined
          ? "The store has no recorded time, so nodes start with any clock.\n"
          : `Discarded the recorded time ${new Date(told).toISOString()}. Nodes start with the clock of their machine.\n`,
      );
    });
  return withExamples(command, [
    ["mintmark accept-clock --config mintmark.yaml --yes", "Run once all nodes are stopped and the clock is correct"],
  ]);
}
