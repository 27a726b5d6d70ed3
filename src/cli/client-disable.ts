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

interface DisableOptions extends ConnectionOptions, OutputOptions, WriteOptions, Omit<EndOptions, "timeout"> {
  readonly tenant: string;
  readonly client: string;
  readonly yes?: boolean;
}

/** `mintmark client disable`: calls the RPC DisableClient. */
export function clientDisable(io: Io): Command {
  const command = new Command("disable")
    .summary("Disable a client")
    .description(
      "Have every node refuse a client that is in the store, and call its tokens inactive. client enable takes that back, but " +
        "for what --revoke-tokens has revoked.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--client <id>", "Client id")
    .option("--yes", "Do not ask for confirmation, with --revoke-tokens")
    .action(async (options: DisableOptions) => {
      const { tenant, client, wait = false, revokeTokens = false, dryRun = false, yes = false } = options;
      const question = `This permanently revokes everything that the client ${client} of the tenant ${tenant} has minted.`;
      await confirm(io, question, yes || dryRun || !revokeTokens);
      const { changedFromWire } = await import("./registry/wire.ts");
      const request = { tenant, client, wait, revokeTokens, options: wireOptions(options) };
      const disabled = await callRegistry(io, withTime(options), async (registry) =>
        jsonOf(changedFromWire(await untilAnswered(() => registry.disableClient(request)))),
      );
      await print(io, disabled, options, (output) => viewOfChange("Disabled", disabled, dryRun, output));
    });
  return withExamples(withConnection(withOutput(withWrite(withEnd(command))), "operator"), [
    [
      "mintmark client disable --tenant acme --client billing --wait",
      "Disable a client, and wait until every node refuses it",
    ],
    [
      "mintmark client disable --tenant acme --client billing --revoke-tokens --yes",
      "Also revoke all that it has minted",
    ],
  ]);
}
