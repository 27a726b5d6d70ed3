import { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { progressOn } from "./frame/progress.ts";
import { atStore } from "./local/at-store.ts";
import { type ConfigOptions, configOption } from "./local/config.ts";

const NOT_GENUINE = "none of the key-encryption keys proves them, or somebody changed them.";

interface ResealOptions extends ConfigOptions, OutputOptions {
  readonly refuseOldRows?: boolean;
}

/**
 * `mintmark reseal`: seals every key of every tenant under the first key-encryption key, and proves what operators have
 * registered under it. With `--refuse-old-rows` grants and reference tokens that an earlier version stored end at once.
 */
export function reseal(io: Io): Command {
  const command = new Command("reseal")
    .summary("Seal all stored keys under the first key-encryption key")
    .description(
      "Seal all stored keys of all tenants under the first key-encryption key, and prove the tenants and clients that " +
        "operators have registered under it, so that the other key-encryption keys can be removed. The command can be " +
        "interrupted and repeated at any time, and nodes may keep running.",
    )
    .addOption(configOption())
    .option(
      "--refuse-old-rows",
      "Refuse rows that were stored by a version without MACs; their grants and reference tokens become inactive immediately",
    )
    .action(async ({ refuseOldRows = false, ...options }: ResealOptions) => {
      const order = { now: systemClock().now(), refuseOldRows };
      const [{ resealKeys }, { openSealer }, { allRegistrations, proveAnew }] = await Promise.all([
        import("../keyring/reseal.ts"),
        import("../server/stores.ts"),
        import("../registry/proof.ts"),
      ]);
      const progress = progressOn(io);
      const done = await atStore(io, options, async ({ config, store }) => {
        const sealer = openSealer(config);
        const tenants: { tenant: string; resealed: number; keys: number }[] = [];
        const all = new Set(config.tenants.keys());
        for await (const { kind, id } of allRegistrations(store.registrations)) if (kind === "tenant") all.add(id);
        for (const tenant of all) {
          progress.show(`Sealing the keys of ${tenant} (tenant ${tenants.length + 1} of ${all.size})`);
          const { resealed, total } = await resealKeys(tenant, store.forTenant(tenant), sealer, order);
          tenants.push({ tenant, resealed, keys: total });
        }
        const { notGenuine } = await proveAnew(store.registrations, sealer);
        if (notGenuine > 0) io.stderr.write(`${notGenuine} registrations stay as they are: ${NOT_GENUINE}\n`);
        return tenants;
      }).finally(() => progress.end());
      await print(io, done, options);
    });
  return withExamples(withOutput(command), [
    [
      "mintmark reseal --config mintmark.yaml",
      "Run after setting MINTMARK_KEY_ENCRYPTION_KEY to new,old on every node",
    ],
  ]);
}
