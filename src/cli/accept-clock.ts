import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { forgetCeiling } from "../engine/ceiling.ts";
import { openConfiguredStore } from "../server/stores.ts";
import { type Command, type CommandOptions, UsageError } from "./command.ts";

/** `mintmark accept-clock`: after a clock was so far ahead that no start can wait until it is past that again. */
export const acceptClock: Command = {
  summary: "has all nodes, which are stopped, start with today's clock though it was ahead before: --yes",
  options: { yes: { type: "boolean" } },

  async run(config: Config, logger: Logger, { yes }: CommandOptions): Promise<string> {
    if (yes !== true) {
      throw new UsageError(
        "Stop all nodes first. Tokens that were made ahead of the clock become active when their time comes, and no " +
          "revocation of a subject or a client ends them before that: rotate the keys as compromised afterwards if that matters. " +
          "Tokens and grants from before that would end by the time that the clock told are dead afterwards: their revocations " +
          "may have been deleted. Then run it with --yes.",
      );
    }
    const store = await openConfiguredStore(config, logger);
    try {
      const told = await forgetCeiling(store, Date.now());
      if (told === undefined) return "Nothing was told from this store yet: any clock will do.";
      return `Forgotten: what was told up to ${new Date(told).toISOString()}. Nodes start with the machine's clock.`;
    } finally {
      await store.close();
    }
  },
};
