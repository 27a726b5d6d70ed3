import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { confirm } from "./frame/prompt.ts";
import { asOperator, keyRpcs, type OperatorOptions, withOperator } from "./local/operator.ts";

interface RevokeOptions extends OperatorOptions, OutputOptions {
  readonly client: string;
  readonly yes?: boolean;
}

/** `mintmark client revoke`: calls the RPC RevokeClient, or does the same at the store. */
export function clientRevoke(io: Io): Command {
  const command = new Command("revoke")
    .summary("Revoke everything that a client has minted")
    .description(
      "Revoke all tokens and grants that a client has minted so far, for example if its secret has leaked or the client is " +
        "being removed. Tokens that it mints later are not affected, so replace a leaked secret first.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--client <id>", "Client id; the client need not be in the configuration anymore")
    .option("--yes", "Do not ask for confirmation")
    .action(async (options: RevokeOptions) => {
      const { tenant, client, yes = false } = options;
      await confirm(
        io,
        `This permanently revokes everything that the client ${client} of the tenant ${tenant} has minted.`,
        yes,
      );
      const warnings = await asOperator(io, options, {
        rpcs: keyRpcs,
        service: async (service) => (await service.revokeClient({ tenant, client })).warnings,
        store: async (operate) => (await operate("revokeClient", { client })).warnings,
      });
      await print(io, { warnings }, options, () => ["Revoked.", ...warnings].join("\n"));
    });
  return withExamples(withOperator(withOutput(command)), [
    ["mintmark client revoke --tenant acme --client web", "Revoke a client after a confirmation"],
    [
      "mintmark client revoke --tenant acme --client web --store --config mintmark.yaml --yes",
      "Revoke a client directly in the store",
    ],
  ]);
}
