import { Command, InvalidArgumentError, Option } from "commander";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { asOperator, grantRpcs, type OperatorOptions, withOperator } from "./local/operator.ts";
import { fromEngine, type PrintedGrant, tableOfGrants } from "./remote/grants.ts";

/** How many grants one call asks for. */
const PAGE_SIZE = 100;

/** How many grants are listed unless `--limit` says otherwise. */
const DEFAULT_LIMIT = 100;

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
    .addOption(new Option("--limit <n>", "The most grants to list").default(DEFAULT_LIMIT).argParser(wholeNumber))
    .action(async (options: ListOptions) => {
      const { tenant, subject, client, limit } = options;
      if (subject === undefined && client === undefined) throw new UsageError("--subject or --client is required.");
      const pageSize = Math.min(limit, PAGE_SIZE);
      const whose = { ...(subject !== undefined && { subject }), ...(client !== undefined && { client }), pageSize };
      const grants = await asOperator(io, options, {
        rpcs: grantRpcs,
        async service(service) {
          const { fromWire } = await import("./remote/wire-grants.ts");
          return allOf(limit, async (pageToken) => {
            const page = await service.listGrants({ ...whose, tenant, pageToken: pageToken ?? "" });
            return { grants: page.grants.map(fromWire), next: page.nextPageToken || undefined };
          });
        },
        store: (operate) =>
          allOf(limit, async (pageToken) => {
            const page = await operate("listGrants", { ...whose, pageToken });
            return { grants: page.grants.map(fromEngine), next: page.nextPageToken };
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

interface Page {
  readonly grants: readonly PrintedGrant[];
  readonly next: string | undefined;
}

/** Reads page after page, up to `limit` grants. */
async function allOf(
  limit: number,
  read: (pageToken: string | undefined) => Promise<Page>,
): Promise<readonly PrintedGrant[]> {
  const all: PrintedGrant[] = [];
  let next: string | undefined;
  do {
    const page = await read(next);
    all.push(...page.grants);
    next = page.next;
  } while (next !== undefined && all.length < limit);
  return all.slice(0, limit);
}

function wholeNumber(given: string): number {
  if (!/^[1-9]\d{0,8}$/.test(given)) throw new InvalidArgumentError("Expected a whole number of 1 or more.");
  return Number(given);
}
