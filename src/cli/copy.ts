import { Command } from "commander";
import { systemClock, thisMachine } from "../base/clock.ts";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { openCommandLog } from "./frame/log.ts";
import { progressOn } from "./frame/progress.ts";
import { type ConfigOptions, configOption, readConfig } from "./local/config.ts";

interface CopyOptions extends ConfigOptions {
  readonly from: string;
  readonly to: string;
}

/** A URL that contains a password. */
const WITH_PASSWORD = /^[a-z0-9+.-]+:\/\/[^/@]*:[^@]*@/i;

/** `mintmark copy`: copies a store whose nodes are stopped, so that its tokens keep working. */
export function copy(io: Io): Command {
  const command = new Command("copy")
    .summary("Copy a store into an empty one")
    .description(
      "Copy a store into an empty one while no node is running. What was minted before remains valid. The command can be " +
        "interrupted and repeated. Never pass a URL that contains a password: put it in a variable and pass env:NAME.",
    )
    .requiredOption("--from <url>", "Store to copy from: sqlite:PATH, mongodb://…, or env:NAME")
    .requiredOption("--to <url>", "Store to copy to, in the same form")
    .addOption(configOption())
    .action(async (options: CopyOptions) => {
      const [source, target] = [urlOf(io, "--from", options.from), urlOf(io, "--to", options.to)];
      const { startTimeout, maxClockSkew, ...settings } = await readConfig(io, options);
      const [{ readCeiling }, { copyStore, tell }, { openStore }, { EventLog }] = await Promise.all([
        import("../engine/ceiling.ts"),
        import("../store/copy.ts"),
        import("../store/index.ts"),
        import("../telemetry/log.ts"),
      ]);
      const logger = await openCommandLog(io, settings);
      const clock = systemClock();
      const { listen: listener } = new EventLog(logger, thisMachine.elapsed);
      const storeOptions = { logger, listener, startTimeout, maxClockSkew, role: "copy" } as const;
      const progress = progressOn(io);
      const from = await openStore(source, { ...storeOptions, create: false });
      try {
        const to = await openStore(target, storeOptions);
        try {
          // Uses the source's own time: by a clock that is ahead, revocations that still matter would count as expired.
          const { told } = await readCeiling(from);
          const counts = await copyStore(
            from,
            to,
            () => Math.min(clock.now(), told || Number.POSITIVE_INFINITY),
            (rows) => progress.show(`Copied ${rows} rows`),
          );
          progress.end();
          io.stdout.write(`Both stores contain ${tell(counts)}, not counting what expires within ten minutes.\n`);
        } finally {
          await to.close();
        }
      } finally {
        progress.end();
        await from.close();
      }
    });
  return withExamples(command, [
    [
      "mintmark copy --from sqlite:./data/mintmark.db --to env:TARGET",
      "Copy to the MongoDB database whose URL is in the variable TARGET",
    ],
  ]);
}

/**
 * A store's URL. All users of a machine can see its command lines, so a URL with a password must come from a variable.
 */
function urlOf({ env }: Io, option: string, given: string): string {
  const url = given.startsWith("env:") ? env[given.slice("env:".length)] : given;
  if (url === undefined || url === "")
    throw new UsageError(`${option} must be the URL of a store, or env:NAME for a URL in the variable NAME.`);
  if (url === given && WITH_PASSWORD.test(url)) {
    throw new UsageError(`${option} must not contain a password. Put the URL in a variable and pass env:NAME.`);
  }
  return url;
}
