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
  readonly client: string;
}

/** `mintmark client update`: calls the RPC UpdateClient. */
export function clientUpdate(io: Io): Command {
  const command = new Command("update")
    .summary("Change settings of a client")
    .description("Change settings of a client that is in the store. Settings that are not given stay as they are.")
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--client <id>", "Client id")
    .action(async (options: UpdateOptions) => {
      const { tenant, client, dryRun = false } = options;
      const { settings, updateMask } = await readChange(io, options);
      const { changedFromWire, settingsToWire } = await import("./registry/wire.ts");
      const request = {
        ...{ tenant, client, settings: settingsToWire(settings) },
        ...{ updateMask: { paths: [...updateMask] }, options: wireOptions(options) },
      };
      const changed = await callRegistry(io, options, async (registry) =>
        jsonOf(changedFromWire(await untilAnswered(() => registry.updateClient(request)))),
      );
      await print(io, changed, options, (output) => viewOfChange("Updated", changed, dryRun, output));
    });
  const settings = withChange(command, "client", "accessTokenLifetime=15m");
  return withExamples(withConnection(withOutput(withWrite(settings)), "operator"), [
    ["mintmark client update --tenant acme --client billing --set accessTokenLifetime=15m", "Change a setting"],
    [
      "mintmark client update --tenant acme --client billing --unset scopes --dry-run",
      "Check whether a setting can get its default",
    ],
    [
      "mintmark client update --tenant acme --client billing --file billing.yaml --replace",
      "Replace all settings with those of a file",
    ],
  ]);
}
