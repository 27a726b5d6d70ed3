import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, tableOfClients } from "./registry/entries.ts";
import { listClients } from "./registry/lists.ts";
import { callRegistry } from "./registry/service.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";
import { limitOption } from "./remote/pages.ts";

interface ListOptions extends ConnectionOptions, OutputOptions {
  readonly tenant: string;
  readonly filter?: string;
  readonly limit: number;
}

/** `mintmark client list`: calls the RPC ListClients, page after page. */
export function clientList(io: Io): Command {
  const command = new Command("list")
    .summary("List the clients of a tenant")
    .description("List the clients of a tenant, those in the configuration file and those in the store, sorted by id.")
    .option("--tenant <id>", "Tenant id", "default")
    .option("--filter <text>", "Only clients whose id contains this text; case does not count")
    .addOption(limitOption("clients"))
    .action(async (options: ListOptions) => {
      const { tenant, filter = "", limit } = options;
      const clients = await callRegistry(io, options, (registry) => listClients(registry, { tenant, filter }, limit));
      await print(io, clients.map(jsonOf), options, (output) => tableOfClients(clients, output));
    });
  return withExamples(withConnection(withOutput(command), "operator"), [
    [
      "mintmark client list --tenant acme",
      "List clients, with the credentials in MINTMARK_OPERATOR_ID and MINTMARK_OPERATOR_SECRET",
    ],
    [
      "mintmark client list --tenant acme --filter billing --field id",
      "Print only the ids of some clients, one per line",
    ],
  ]);
}
