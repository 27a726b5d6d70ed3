import { Command } from "commander";
import { configCheck } from "./config-check.ts";
import { configInit } from "./config-init.ts";
import { configSchema } from "./config-schema.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark config`: the commands for configuration files. */
export function config(io: Io): Command {
  const command = new Command("config")
    .summary("Create and check configuration files")
    .description("Create and check configuration files.")
    .addCommand(configInit(io))
    .addCommand(configCheck(io))
    .addCommand(configSchema(io));
  return withExamples(command, [
    [
      "mintmark config init /etc/mintmark --public-url https://tokens.example.com",
      "Write a first production configuration",
    ],
    [
      "mintmark config check --config /etc/mintmark/mintmark.yaml",
      "Check whether the service would start with a configuration",
    ],
  ]);
}
