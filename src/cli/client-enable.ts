import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, viewOfChange } from "./registry/entries.ts";
import { callRegistry } from "./registry/service.ts";
import { untilAnswered, type WriteOptions, wireOptions, withWrite } from "./registry/write.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface EnableOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  readonly tenant: string;
  readonly client: string;
}

/** `mintmark client enable`: calls the RPC EnableClient. */
export function clientEnable(io: Io): Command {
  const command = new Command("enable")
    .summary("Enable a client again")
    .description("Enable a client again that was disabled, and with it those of its tokens that are not revoked.")
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--client <id>", "Client id")
    .action(async (options: EnableOptions) => {
      const { tenant, client, dryRun = false } = options;
      const { changedFromWire } = await import("./registry/wire.ts");
      const request = { tenant, client, options: wireOptions(options) };
      const enabled = await callRegistry(io, options, async (registry) =>
        jsonOf(changedFromWire(await untilAnswered(() => registry.enableClient(request)))),
      );
      await print(io, enabled, options, (output) => viewOfChange("Enabled", enabled, dryRun, output));
    });
  return withExamples(withConnection(withOutput(withWrite(command)), "operator"), [
    ["mintmark client enable --tenant acme --client billing", "Enable a client again"],
  ]);
}
