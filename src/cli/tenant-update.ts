import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, viewOfChange } from "./registry/entries.ts";
import { callRegistry } from "./registry/service.ts";
import { type ChangeOptions, readChange, withChange } from "./registry/settings.ts";
import { untilAnswered, type WriteOptions, wireOptions, withWrite } from "./registry/write.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface UpdateOptions extends ConnectionOptions, OutputOptions, ChangeOptions, WriteOptions {
  readonly tenant: string;
}

/** `mintmark tenant update`: calls the RPC UpdateTenant. */
export function tenantUpdate(io: Io): Command {
  const command = new Command("update")
    .summary("Change settings of a tenant")
    .description(
      "Change settings of a tenant that is in the store. Settings that are not given stay as they are; one that has settings of " +
        "its own, such as signing, is replaced as a whole.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .action(async (options: UpdateOptions) => {
      const { tenant, dryRun = false } = options;
      const { settings, updateMask } = await readChange(io, options);
      const { changedTenantFromWire, settingsToWire } = await import("./registry/wire.ts");
      const request = {
        ...{ tenant, settings: settingsToWire(settings) },
        ...{ updateMask: { paths: [...updateMask] }, options: wireOptions(options) },
      };
      const changed = await callRegistry(io, options, async (registry) =>
        jsonOf(changedTenantFromWire(await untilAnswered(() => registry.updateTenant(request)))),
      );
      await print(io, changed, options, (output) => viewOfChange("Updated", changed, dryRun, output));
    });
  const settings = withChange(command, "tenant", "refreshKeyRotateEvery=7d");
  return withExamples(withConnection(withOutput(withWrite(settings)), "operator"), [
    ["mintmark tenant update --tenant acme --set 'clientDefaults={accessTokenLifetime: 15m}'", "Change a setting"],
    [
      "mintmark tenant update --tenant acme --unset rateLimits --dry-run",
      "Check whether a setting can get its default",
    ],
  ]);
}
