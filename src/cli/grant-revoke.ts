import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { confirm } from "./frame/prompt.ts";
import { asOperator, grantRpcs, type OperatorOptions, withOperator } from "./local/operator.ts";
import { fromEngine, type PrintedGrant } from "./remote/grants.ts";

interface RevokeOptions extends OperatorOptions, OutputOptions {
  readonly grant: string;
  readonly yes?: boolean;
}

/** `mintmark grant revoke`: calls the RPC RevokeGrant, or does the same at the store. */
export function grantRevoke(io: Io): Command {
  const command = new Command("revoke")
    .summary("Revoke a grant and all its tokens")
    .description(
      "Revoke a grant: its refresh token and all access tokens that were made from it are inactive at once. Verifiers that do " +
        "not introspect accept its JWTs until they expire.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--grant <id>", "Grant id, as grant list shows it")
    .option("--yes", "Do not ask for confirmation")
    .action(async (options: RevokeOptions) => {
      const { tenant, grant, yes = false } = options;
      await confirm(io, `This permanently revokes the grant ${grant} of the tenant ${tenant}.`, yes);
      const revoked = await asOperator(io, options, {
        rpcs: grantRpcs,
        async service(service): Promise<PrintedGrant> {
          const { fromWire } = await import("./remote/wire-grants.ts");
          const answer = await service.revokeGrant({ tenant, grant });
          if (answer.grant === undefined) throw new Error("The answer has no grant.");
          return fromWire(answer.grant);
        },
        store: async (operate) => fromEngine(await operate("revokeGrant", { grant })),
      });
      await print(io, { ...revoked, scopes: [...revoked.scopes] }, options);
    });
  return withExamples(withOperator(withOutput(command)), [
    [
      "mintmark grant revoke --tenant acme --grant VJ0Xj3cPQmWnC7c1nNn2Yw --yes",
      "Revoke a grant that grant list has shown, without a confirmation",
    ],
  ]);
}
