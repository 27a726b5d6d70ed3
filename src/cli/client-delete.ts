import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { confirm } from "./frame/prompt.ts";
import { jsonOf, viewOfChange } from "./registry/entries.ts";
import { callRegistry } from "./registry/service.ts";
import {
  type EndOptions,
  untilAnswered,
  type WriteOptions,
  wireOptions,
  withEnd,
  withTime,
  withWrite,
} from "./registry/write.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface DeleteOptions extends ConnectionOptions, OutputOptions, WriteOptions, Omit<EndOptions, "timeout"> {
  readonly tenant: string;
  readonly client: string;
  readonly yes?: boolean;
}

/** `mintmark client delete`: calls the RPC DeleteClient. */
export function clientDelete(io: Io): Command {
  const command = new Command("delete")
    .summary("Delete a client")
    .description(
      "Delete a client that is in the store, with its secrets. Its tokens are inactive as long as no client has its id; " +
        "--revoke-tokens ends them for good.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--client <id>", "Client id")
    .option("--yes", "Do not ask for confirmation")
    .action(async (options: DeleteOptions) => {
      const { tenant, client, wait = false, revokeTokens = false, dryRun = false, yes = false } = options;
      const ended = revokeTokens ? ", and revokes everything that it has minted" : "";
      await confirm(
        io,
        `This permanently deletes the client ${client} of the tenant ${tenant}${ended}.`,
        yes || dryRun,
      );
      const { timeOf } = await import("./remote/wire-words.ts");
      const request = { tenant, client, wait, revokeTokens, options: wireOptions(options) };
      const deleted = await callRegistry(io, withTime(options), async (registry) => {
        const { effectiveTime } = await untilAnswered(() => registry.deleteClient(request));
        return jsonOf({ id: client, ...timeOf("effectiveTime", effectiveTime) });
      });
      await print(io, deleted, options, (output) => viewOfChange("Deleted", deleted, dryRun, output));
    });
  return withExamples(withConnection(withOutput(withWrite(withEnd(command))), "operator"), [
    ["mintmark client delete --tenant acme --client billing", "Delete a client after a confirmation"],
    [
      "mintmark client delete --tenant acme --client billing --revoke-tokens --yes",
      "Delete a client and revoke all that it has minted",
    ],
  ]);
}
