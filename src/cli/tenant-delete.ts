import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { confirm } from "./frame/prompt.ts";
import { jsonOf, viewOfChange } from "./registry/entries.ts";
import { callRegistry } from "./registry/service.ts";
import { untilAnswered, type WriteOptions, wireOptions, withTime, withWrite } from "./registry/write.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface DeleteOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  readonly tenant: string;
  readonly force?: boolean;
  readonly wait?: boolean;
  readonly yes?: boolean;
}

/** `mintmark tenant delete`: calls the RPC DeleteTenant. */
export function tenantDelete(io: Io): Command {
  const command = new Command("delete")
    .summary("Delete a tenant")
    .description(
      "Delete a tenant that is in the store: every node refuses its clients, and its tokens are inactive. Its id and its issuer " +
        "can be used again, and its keys are deleted, once none of its tokens can be alive.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .option("--force", "Also delete its clients; otherwise a tenant that has some is not deleted")
    .option("--wait", "Wait until every node that reaches the store acts by the change, some seconds")
    .option("--yes", "Do not ask for confirmation")
    .action(async (options: DeleteOptions) => {
      const { tenant, force = false, wait = false, dryRun = false, yes = false } = options;
      const clients = force ? " and all its clients" : "";
      await confirm(io, `This permanently deletes the tenant ${tenant}${clients}.`, yes || dryRun);
      const { timeOf } = await import("./remote/wire-words.ts");
      const request = { tenant, force, wait, options: wireOptions(options) };
      const deleted = await callRegistry(io, withTime(options), async (registry) => {
        const { effectiveTime, purgeTime } = await untilAnswered(() => registry.deleteTenant(request));
        return jsonOf({ id: tenant, ...timeOf("effectiveTime", effectiveTime), ...timeOf("purgeTime", purgeTime) });
      });
      await print(io, deleted, options, (output) => viewOfChange("Deleted", deleted, dryRun, output));
    });
  return withExamples(withConnection(withOutput(withWrite(command)), "operator"), [
    ["mintmark tenant delete --tenant acme", "Delete a tenant that has no clients, after a confirmation"],
    ["mintmark tenant delete --tenant acme --force --yes", "Delete a tenant and its clients"],
  ]);
}
