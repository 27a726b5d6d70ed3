import { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { progressOn } from "./frame/progress.ts";
import { atStore } from "./local/at-store.ts";
import { type ConfigOptions, configOption } from "./local/config.ts";

interface ResealOptions extends ConfigOptions, OutputOptions {
  readonly refuseOldRows?: boolean;
}

/**
 * `mintmark reseal`: seals every key of every configured tenant under the first key-encryption key. With
 * `--refuse-old-rows` grants and reference tokens that an earlier version stored end at once.
 */
export function reseal(io: Io): Command {
  const command = new Command("reseal")
    .summary("seals every stored key under the first key-encryption key")
    .description(
      "Seals every stored key of the configured tenants under the first key-encryption key, so that the others can go. " +
        "It can be stopped and repeated at any moment, while nodes run.",
    )
    .addOption(configOption())
    .option("--refuse-old-rows", "takes no row of a version without MACs any longer: what it stored ends at once")
    .action(async ({ refuseOldRows = false, ...options }: ResealOptions) => {
      const order = { now: systemClock().now(), refuseOldRows };
      const [{ resealKeys }, { openSealer }] = await Promise.all([
        import("../keyring/reseal.ts"),
        import("../server/stores.ts"),
      ]);
      const progress = progressOn(io);
      const done = await atStore(io, options, async ({ config, store }) => {
        const sealer = openSealer(config);
        const tenants: { tenant: string; resealed: number; keys: number }[] = [];
        for (const tenant of config.tenants.keys()) {
          progress.show(`sealing the keys of ${tenant}: tenant ${tenants.length + 1} of ${config.tenants.size}`);
          const { resealed, total } = await resealKeys(tenant, store.forTenant(tenant), sealer, order);
          tenants.push({ tenant, resealed, keys: total });
        }
        return tenants;
      }).finally(() => progress.end());
      await print(io, done, options);
    });
  return withExamples(withOutput(command), [
    ["mintmark reseal --config mintmark.yaml", "After MINTMARK_KEY_ENCRYPTION_KEY became new,old on every node"],
  ]);
}
