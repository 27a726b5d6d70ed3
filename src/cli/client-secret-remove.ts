import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, viewOfChange } from "./registry/entries.ts";
import { callRegistry } from "./registry/service.ts";
import { untilAnswered, type WriteOptions, wireOptions, withWrite } from "./registry/write.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface RemoveOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  readonly tenant: string;
  readonly client: string;
  readonly id: string;
}

/** `mintmark client secret remove`: calls the RPC RemoveClientSecret. */
export function clientSecretRemove(io: Io): Command {
  const command = new Command("remove")
    .summary("End a secret of a client")
    .description(
      "End a secret of a client that is in the store. Tokens that the client minted with it stay as they are.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--client <id>", "Client id")
    .requiredOption("--id <id>", "Id of the secret, as client get shows it")
    .action(async (options: RemoveOptions) => {
      const { tenant, client, id: secretId, dryRun = false } = options;
      const { changedFromWire } = await import("./registry/wire.ts");
      const request = { tenant, client, secretId, options: wireOptions(options) };
      const changed = await callRegistry(io, options, async (registry) =>
        jsonOf(changedFromWire(await untilAnswered(() => registry.removeClientSecret(request)))),
      );
      await print(io, changed, options, (output) => viewOfChange("Removed", changed, dryRun, output));
    });
  return withExamples(withConnection(withOutput(withWrite(command)), "operator"), [
    [
      "mintmark client secret remove --tenant acme --client billing --id fJ4yXg1nq8Zt",
      "End a secret that client get has shown",
    ],
  ]);
}
