import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, viewOfChange } from "./registry/entries.ts";
import { callRegistry } from "./registry/service.ts";
import { readSettings, type SettingsOptions, withSettings } from "./registry/settings.ts";
import { untilAnswered, type WriteOptions, wireOptions, withDryRun } from "./registry/write.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface CreateOptions extends ConnectionOptions, OutputOptions, SettingsOptions, Omit<WriteOptions, "etag"> {
  readonly tenant: string;
}

/** `mintmark tenant create`: calls the RPC CreateTenant. */
export function tenantCreate(io: Io): Command {
  const command = new Command("create")
    .summary("Register a tenant")
    .description(
      "Register a tenant while the service runs. Settings are those of the configuration file, without clients. Its keys are " +
        "there once the command ends.",
    )
    .requiredOption("--tenant <id>", "Tenant id: 1 to 63 lower-case letters, digits and hyphens")
    .action(async (options: CreateOptions) => {
      const { tenant, dryRun = false } = options;
      const settings = await readSettings(io, options);
      const { changedTenantFromWire, settingsToWire } = await import("./registry/wire.ts");
      const request = { tenant, settings: settingsToWire(settings), options: wireOptions(options) };
      const created = await callRegistry(io, options, async (registry) =>
        jsonOf(changedTenantFromWire(await untilAnswered(() => registry.createTenant(request)))),
      );
      await print(io, created, options, (output) => viewOfChange("Created", created, dryRun, output));
    });
  const settings = withSettings(command, "tenant", "refreshKeyRotateEvery=7d");
  return withExamples(withConnection(withOutput(withDryRun(settings)), "operator"), [
    ["mintmark tenant create --tenant acme", "Register a tenant whose settings have their defaults"],
    [
      "mintmark tenant create --tenant acme --set 'signing={algorithm: ES256}' --file acme.yaml",
      "Register a tenant with settings",
    ],
  ]);
}
