import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, pairsOf } from "./registry/entries.ts";
import { callRegistry } from "./registry/service.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface GetOptions extends ConnectionOptions, OutputOptions {
  readonly tenant: string;
}

/** `mintmark tenant get`: calls the RPC GetTenant. */
export function tenantGet(io: Io): Command {
  const command = new Command("get")
    .summary("Show a tenant")
    .description("Show the entry of a tenant, from the configuration file or the store, without its clients.")
    .option("--tenant <id>", "Tenant id", "default")
    .action(async (options: GetOptions) => {
      const { tenant } = options;
      const { tenantFromWire } = await import("./registry/wire.ts");
      const entry = await callRegistry(io, options, async (registry) =>
        jsonOf(tenantFromWire((await registry.getTenant({ tenant })).tenant)),
      );
      await print(io, entry, options, (output) => pairsOf(entry, output));
    });
  return withExamples(withConnection(withOutput(command), "operator"), [
    ["mintmark tenant get --tenant acme", "Show a tenant"],
    [
      "mintmark tenant get --tenant acme --field settings",
      "Print its settings as JSON, which tenant update --file takes",
    ],
  ]);
}
