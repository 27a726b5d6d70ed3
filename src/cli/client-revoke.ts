import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { confirm } from "./frame/prompt.ts";
import { asOperator, type OperatorOptions, withOperator } from "./local/operator.ts";

interface RevokeOptions extends OperatorOptions, OutputOptions {
  readonly client: string;
  readonly yes?: boolean;
}

/** `mintmark client revoke`: calls the RPC RevokeClient, or does the same at the store. */
export function clientRevoke(io: Io): Command {
  const command = new Command("revoke")
    .summary("ends all that a client minted up to now")
    .description(
      "Ends all that a client minted up to now: for one whose secret has leaked, or that is to go. What it mints afterwards " +
        "lives, so replace its secret first.",
    )
    .requiredOption("--tenant <id>", "the tenant")
    .requiredOption("--client <id>", "the client, which need not be configured any longer")
    .option("--yes", "goes on without a question")
    .action(async (options: RevokeOptions) => {
      const { tenant, client, yes = false } = options;
      await confirm(
        io,
        `Everything that the client ${client} of the tenant ${tenant} has minted is revoked for good.`,
        yes,
      );
      const warnings = await asOperator<readonly string[]>(io, options, {
        service: async (service) => (await service.revokeClient({ tenant, client })).warnings,
        store: async (operate) => (await operate("revokeClient", { client })).warnings,
      });
      await print(io, { warnings }, options, () => ["Revoked.", ...warnings].join("\n"));
    });
  return withExamples(withOperator(withOutput(command)), [
    ["mintmark client revoke --tenant acme --client web", "Asks before it does"],
    ["mintmark client revoke --tenant acme --client web --store --config mintmark.yaml --yes", "At the store itself"],
  ]);
}
