import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { asOperator, grantRpcs, type OperatorOptions, withOperator } from "./local/operator.ts";
import { fromEngine, tableOfGrants } from "./remote/grants.ts";
import { limitOption, PAGE_SIZE, readPages } from "./remote/pages.ts";

interface ListOptions extends OperatorOptions, OutputOptions {
  readonly subject?: string;
  readonly client?: string;
  readonly limit: number;
}

/** `mintmark grant list`: calls the RPC ListGrants, or does the same at the store, page after page. */
export function grantList(io: Io): Command {
  const command = new Command("list")
    .summary("List the grants of a subject or a client")
    .description(
      "List the grants of a subject, a client or both, the last minted first: those that can be refreshed, and those that are " +
        "revoked or expired but not deleted yet. Tokens are never shown.",
    )
    .option("--tenant <id>", "Tenant id", "default")
    .option("--subject <id>", "Whose grants")
    .option("--client <id>", "The client that they were granted to")
    .addOption(limitOption("grants"))
    .action(async (options: ListOptions) => {
      const { tenant, subject, client, limit } = options;
      if (subject === undefined && client === undefined) throw new UsageError("--subject or --client is required.");
      const pageSize = Math.min(limit, PAGE_SIZE);
      const whose = { ...(subject !== undefined && { subject }), ...(client !== undefined && { client }), pageSize };
      const grants = await asOperator(io, options, {
        rpcs: grantRpcs,
        async service(service) {
          const { fromWire } = await import("./remote/wire-grants.ts");
          return readPages(limit, async (pageToken) => {
            const page = await service.listGrants({ ...whose, tenant, pageToken: pageToken ?? "" });
            return { entries: page.grants.map(fromWire), next: page.nextPageToken || undefined };
          });
        },
        store: (operate) =>
          readPages(limit, async (pageToken) => {
            const page = await operate("listGrants", { ...whose, pageToken });
            return { entries: page.grants.map(fromEngine), next: page.nextPageToken };
          }),
      });
      await print(
        io,
        grants.map((grant) => ({ ...grant, scopes: [...grant.scopes] })),
        options,
        (output) => tableOfGrants(grants, output),
      );
    });
  return withExamples(withOperator(withOutput(command)), [
    ["mintmark grant list --tenant acme --subject user-1", "List what was granted for a subject"],
    [
      "mintmark grant list --tenant acme --client web --field id",
      "Print only the ids of a client's grants, one per line",
    ],
  ]);
}
