import type { Config } from "../config/config.ts";
import type { Logger } from "../engine/logger.ts";
import { resealKeys } from "../keyring/reseal.ts";
import { openConfiguredStore, openSealer } from "../worlds.ts";
import type { Command } from "./command.ts";

/** `mintmark reseal`: seals every key of every configured tenant under the first key-encryption key. */
export const reseal: Command = {
  summary: "seals every stored key under the first key-encryption key, so that the others can go",
  options: {},

  async run(config: Config, logger: Logger): Promise<string> {
    const sealer = openSealer(config);
    const store = await openConfiguredStore(config, logger);
    try {
      const lines: string[] = [];
      for (const tenant of config.tenants(config.publicUrl(config.httpAddress.port)).keys()) {
        const { resealed, total } = await resealKeys(tenant, store.forTenant(tenant).keys, sealer);
        lines.push(`${tenant}: ${resealed} of ${total} keys resealed`);
      }
      return lines.join("\n");
    } finally {
      await store.close();
    }
  },
};
