import { Command } from "commander";
import type { Config } from "../config/config.ts";
import type { Reload } from "../config/reload.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { type ConfigOptions, configOption, configSources, readConfig } from "./local/config.ts";

interface CheckOptions extends ConfigOptions, OutputOptions {
  readonly running?: string;
}

/** `mintmark config check`: reports what a start with a configuration, or a reload of it, would report. */
export function configCheck(io: Io): Command {
  const command = new Command("check")
    .summary("Check a configuration")
    .description(
      "Check a configuration as the service does when it starts, including the variables and files that it refers to, and " +
        "list likely mistakes. It checks the store's URL, but does not open the store, write files or listen on ports. The " +
        "exit code is 1 if the service would refuse to start.",
    )
    .addOption(configOption())
    .option(
      "--running <path>",
      "Configuration file of the running service; also list what a reload would change and what requires a restart, and " +
        "exit with 1 if the service would refuse the reload",
    )
    .action(async ({ running, ...options }: CheckOptions) => {
      const config = await readConfig(io, options);
      const { assertStoreUsable } = await import("../server/stores.ts");
      await assertStoreUsable(config.store);
      const reload = running === undefined ? undefined : await reloadOf(io, running, options);
      await print(io, summaryOf(config, reload), options, () => textOf(config, reload).join("\n"));
    });
  return withExamples(withOutput(command), [
    ["mintmark config check --config mintmark.yaml", "Check a configuration before starting a node with it"],
    ["mintmark config check --config mintmark.yaml --field warnings", "Print only the warnings, one per line"],
    [
      "mintmark config check --config mintmark.yaml.new --running mintmark.yaml",
      "Check a configuration before a running service reloads it",
    ],
  ]);
}

/** What a service that runs with one configuration makes of another. */
async function reloadOf(io: Io, running: string, options: ConfigOptions): Promise<Reload> {
  const { readAgain } = await import("../config/reload.ts");
  return readAgain(await readConfig(io, { config: running }), await configSources(io, options));
}

function summaryOf({ publicUrl, tenants, warnings }: Config, reload: Reload | undefined) {
  const summaries = [...tenants.values()].map(({ id, issuer, clients }) => ({
    id,
    issuer,
    clients: [...clients.keys()],
  }));
  const summary = { publicUrl, tenants: summaries, warnings };
  return reload === undefined ? summary : { ...summary, ...reload.changes, restart: reload.restart };
}

function textOf({ warnings }: Config, reload: Reload | undefined): readonly string[] {
  const lines = ["The configuration is valid.", ...warnings.map((warning) => `Warning: ${warning}`)];
  if (reload === undefined) return lines;
  const { added, removed, changed } = reload.changes;
  const places = [
    ...added.map((place) => `A reload adds ${place}.`),
    ...removed.map((place) => `A reload removes ${place}.`),
    ...changed.map((place) => `A reload changes ${place}.`),
    ...reload.restart.map((setting) => `The change of ${setting} requires a restart.`),
  ];
  return [...lines, ...(places.length === 0 ? ["A reload changes nothing."] : places)];
}
