import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { resealKeys } from "../keyring/reseal.ts";
import { openConfiguredStore, openSealer } from "../server/stores.ts";
import type { Command, CommandOptions } from "./command.ts";

/**
 * `mintmark reseal`: seals every key of every configured tenant under the first key-encryption key. With
 * `--refuse-old-rows` grants and reference tokens that an earlier version stored end at once.
 */
export const reseal: Command = {
  summary:
    "seals every stored key under the first key-encryption key, so that the others can go: --refuse-old-rows takes no row of a version without MACs any longer",
  options: { "refuse-old-rows": { type: "boolean" } },

  async run(config: Config, logger: Logger, options: CommandOptions): Promise<string> {
    const order = { now: systemClock().now(), refuseOldRows: options["refuse-old-rows"] === true };
    const sealer = openSealer(config);
    const store = await openConfiguredStore(config, logger);
    try {
      const lines: string[] = [];
      for (const tenant of config.tenants.keys()) {
        const { resealed, total } = await resealKeys(tenant, store.forTenant(tenant), sealer, order);
        lines.push(`${tenant}: ${resealed} of ${total} keys resealed`);
      }
      return lines.join("\n");
    } finally {
      await store.close();
    }
  },
};
