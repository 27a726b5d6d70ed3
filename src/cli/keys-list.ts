import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { asOperator, keyRpcs, type OperatorOptions, withOperator } from "./local/operator.ts";
import { fromEngine, tableOfKeys } from "./remote/keys.ts";

interface ListOptions extends OperatorOptions, OutputOptions {}

/** `mintmark keys list`: calls the RPC ListKeys, or does the same at the store. */
export function keysList(io: Io): Command {
  const command = new Command("list")
    .summary("List the keys of a tenant")
    .description("List every generation of a tenant's keys. Secret key material is never shown.")
    .option("--tenant <id>", "Tenant id", "default")
    .action(async (options: ListOptions) => {
      const { tenant } = options;
      const listed = await asOperator(io, options, {
        rpcs: keyRpcs,
        async service(client) {
          const { fromWire } = await import("./remote/wire-keys.ts");
          return (await client.listKeys({ tenant })).keys.map(fromWire);
        },
        store: async (operate) => (await operate("listKeys", undefined)).map(fromEngine),
      });
      await print(
        io,
        listed.map((key) => ({ ...key })),
        options,
        (output) => tableOfKeys(listed, output),
      );
    });
  return withExamples(withOperator(withOutput(command)), [
    [
      "mintmark keys list --tenant acme",
      "List keys, with the credentials in MINTMARK_OPERATOR_ID and MINTMARK_OPERATOR_SECRET",
    ],
    ["mintmark keys list --tenant acme --field kid", "Print only the ids of the signing keys, one per line"],
    ["mintmark keys list --store --config mintmark.yaml", "List the keys in the store, without a running service"],
  ]);
}
