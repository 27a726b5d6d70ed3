import { Command } from "commander";
import type { Config } from "../config/config.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { type ConfigOptions, configOption, readConfig } from "./local/config.ts";

/** `mintmark config check`: reports what a start with a configuration would report. */
export function configCheck(io: Io): Command {
  const command = new Command("check")
    .summary("checks the configuration as a start does")
    .description(
      "Checks the configuration as a start does, with the variables and the files that it names, and lists what is likely " +
        "to be a mistake. Nothing is opened, written or served. The exit code is 1 if a start would refuse it.",
    )
    .addOption(configOption())
    .action(async (options: ConfigOptions & OutputOptions) => {
      const config = await readConfig(io, options);
      await print(io, summaryOf(config), options, () =>
        ["The configuration is valid.", ...config.warnings.map((warning) => `Warning: ${warning}`)].join("\n"),
      );
    });
  return withExamples(withOutput(command), [
    ["mintmark config check --config mintmark.yaml", "Before a node is started with it"],
    ["mintmark config check --config mintmark.yaml --field warnings", "What is likely to be a mistake, a line each"],
  ]);
}

function summaryOf({ publicUrl, tenants, warnings }: Config) {
  const summaries = [...tenants.values()].map(({ id, issuer, clients }) => ({
    id,
    issuer,
    clients: [...clients.keys()],
  }));
  return { publicUrl, tenants: summaries, warnings };
}
