import { Command } from "commander";
import { configCheck } from "./config-check.ts";
import { configInit } from "./config-init.ts";
import { configSchema } from "./config-schema.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark config`: the commands for configuration files. */
export function config(io: Io): Command {
  const command = new Command("config")
    .summary("makes, checks and describes the configuration file")
    .description("Makes, checks and describes the configuration file.")
    .addCommand(configInit(io))
    .addCommand(configCheck(io))
    .addCommand(configSchema(io));
  return withExamples(command, [
    ["mintmark config init /etc/mintmark --public-url https://tokens.example.com", "A first one for production"],
    ["mintmark config check --config /etc/mintmark/mintmark.yaml", "Whether a service would start with it"],
  ]);
}
