import { Command } from "commander";
import { configCheck } from "./config-check.ts";
import { configInit } from "./config-init.ts";
import { configSchema } from "./config-schema.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark config`: what there is to do with a configuration file. */
export function config(io: Io): Command {
  return new Command("config")
    .description("Makes, checks and describes the configuration file.")
    .addCommand(configInit(io))
    .addCommand(configCheck(io))
    .addCommand(configSchema(io));
}
