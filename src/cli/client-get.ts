import { Command } from "commander";
import type { JsonValue } from "../base/json.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { formatCell, formatRows } from "./frame/table.ts";
import { jsonOf, pairsOf } from "./registry/entries.ts";
import { callRegistry } from "./registry/service.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface GetOptions extends ConnectionOptions, OutputOptions {
  readonly tenant: string;
  readonly client: string;
  readonly effective?: boolean;
}

/** A setting that holds, as it is printed. */
interface PrintedSetting {
  readonly setting: string;
  readonly value: JsonValue;
  readonly from: string;
}

/** `mintmark client get`: calls the RPC GetClient, or GetEffectiveClient. */
export function clientGet(io: Io): Command {
  const command = new Command("get")
    .summary("Show a client")
    .description("Show the entry of a client, from the configuration file or the store. Secrets are never shown.")
    .option("--tenant <id>", "Tenant id", "default")
    .requiredOption("--client <id>", "Client id")
    .option("--effective", "Show every setting that holds for the client now, and where its value comes from")
    .action(async ({ effective = false, ...options }: GetOptions) => {
      if (effective) await printEffective(io, options);
      else await printEntry(io, options);
    });
  return withExamples(withConnection(withOutput(command), "operator"), [
    ["mintmark client get --tenant acme --client billing", "Show a client"],
    ["mintmark client get --tenant acme --client billing --effective", "Show what holds for it, defaults included"],
    [
      "mintmark client get --tenant acme --client billing --field settings",
      "Print its settings as JSON, which client update --file takes",
    ],
  ]);
}

async function printEntry(io: Io, options: GetOptions): Promise<void> {
  const { tenant, client } = options;
  const { clientFromWire } = await import("./registry/wire.ts");
  const entry = await callRegistry(io, options, async (registry) =>
    clientFromWire((await registry.getClient({ tenant, client })).client),
  );
  await print(io, jsonOf(entry), options, (output) => pairsOf(jsonOf(entry), output));
}

async function printEffective(io: Io, options: GetOptions): Promise<void> {
  const { tenant, client } = options;
  const { settingsFromWire } = await import("./registry/wire.ts");
  const settings: readonly PrintedSetting[] = await callRegistry(io, options, async (registry) =>
    settingsFromWire((await registry.getEffectiveClient({ tenant, client })).settings),
  );
  const rows = settings.map(({ setting, value, from }) => [setting, formatCell(value), from]);
  await print(io, settings.map(jsonOf), options, (output) => formatRows(rows, ["SETTING", "VALUE", "FROM"], output));
}
