import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { copyStore, tell } from "../store/copy.ts";
import { openStore } from "../store/index.ts";
import { type Command, type CommandOptions, textOf, UsageError } from "./command.ts";

/** `mintmark copy`: moves a store whose nodes are stopped, so that tokens made before are good after. */
export const copy: Command = {
  summary: "copies a store, while no node runs, into an empty one: --from URL --to URL, or env:NAME for either",
  options: { from: { type: "string" }, to: { type: "string" } },

  async run({ startTimeout, maxClockSkew }: Config, logger: Logger, options: CommandOptions): Promise<string> {
    const [source, target] = [urlOf(options, "from"), urlOf(options, "to")];
    const clock = systemClock();
    const storeOptions = { logger, startTimeout, maxClockSkew, role: "copy" } as const;
    const from = await openStore(source, storeOptions);
    try {
      const to = await openStore(target, storeOptions);
      try {
        const counts = await copyStore(from, to, () => clock.now());
        return `Both stores have ${tell(counts)} that do not end within ten minutes.`;
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
  },
};

/** A store's URL; `env:NAME` names a variable that holds it, for every user of a machine sees its command lines. */
function urlOf(options: CommandOptions, name: string): string {
  const given = textOf(options, name);
  const url = given?.startsWith("env:") ? process.env[given.slice("env:".length)] : given;
  if (url === undefined || url === "") throw new UsageError(`--${name} must be the URL of a store, or env:NAME.`);
  return url;
}
