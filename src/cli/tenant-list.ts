import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, tableOfTenants } from "./registry/entries.ts";
import { listTenants } from "./registry/lists.ts";
import { callRegistry } from "./registry/service.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";
import { limitOption } from "./remote/pages.ts";

interface ListOptions extends ConnectionOptions, OutputOptions {
  readonly filter?: string;
  readonly limit: number;
}

/** `mintmark tenant list`: calls the RPC ListTenants, page after page. */
export function tenantList(io: Io): Command {
  const command = new Command("list")
    .summary("List tenants")
    .description(
      "List the tenants that the operator may act for, those in the configuration file and those in the store, sorted by id.",
    )
    .option("--filter <text>", "Only tenants whose id contains this text; case does not count")
    .addOption(limitOption("tenants"))
    .action(async (options: ListOptions) => {
      const { filter = "", limit } = options;
      const tenants = await callRegistry(io, options, (registry) => listTenants(registry, { filter }, limit));
      await print(io, tenants.map(jsonOf), options, (output) => tableOfTenants(tenants, output));
    });
  return withExamples(withConnection(withOutput(command), "operator"), [
    ["mintmark tenant list", "List tenants, with the credentials in MINTMARK_OPERATOR_ID and MINTMARK_OPERATOR_SECRET"],
    ["mintmark tenant list --filter acme --field id", "Print only the ids of some tenants, one per line"],
  ]);
}
