import { Command } from "commander";
import type { JsonObject } from "../base/json.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { callRegistry } from "./registry/service.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";
import { each } from "./remote/token-options.ts";

interface ExportOptions extends ConnectionOptions {
  readonly tenant?: readonly string[];
  readonly all?: boolean;
}

/** `mintmark export`: prints tenants and clients as `mintmark apply` takes them. */
export function exportEntries(io: Io): Command {
  const command = new Command("export")
    .summary("Print tenants and clients as apply takes them")
    .description(
      "Print the tenants and clients in the store of a running service as YAML, in the words of the configuration file, which " +
        "apply takes. Secrets are left out: the service tells no hashes.",
    )
    .option("--tenant <id>", "Only this tenant (repeatable); default: all that the operator may act for", each)
    .option("--all", "Include those in the service's configuration file")
    .action(async (options: ExportOptions) => {
      const [{ stringify }, { readEntries }] = await Promise.all([import("yaml"), import("./apply/entries.ts")]);
      const { tenants, left } = await callRegistry(io, options, (registry) => readEntries(registry, options));
      for (const line of left) io.stderr.write(`${line}\n`);
      io.stdout.write(HEADER + stringify({ tenants } satisfies JsonObject, { lineWidth: 120 }));
    });
  return withExamples(withConnection(command, "operator"), [
    ["mintmark export > tenants.yaml", "Save the tenants and clients in the store"],
    ["mintmark export --tenant acme --all", "Print a tenant with all its clients"],
  ]);
}

/** What a reader of the file must know. */
const HEADER =
  "# Tenants and clients without secrets. mintmark apply --file takes them, and keeps the secrets that there are.\n";
