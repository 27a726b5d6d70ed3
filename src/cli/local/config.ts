import { readFileSync } from "node:fs";
import { Option } from "commander";
import type { Config } from "../../config/config.ts";
import type { ConfigContext } from "../../config/load.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";

/** The value of {@link configOption}. */
export interface ConfigOptions {
  readonly config?: string;
}

/** `--config PATH`, for commands that use a server's configuration. */
export function configOption(): Option {
  return new Option(
    "--config <path>",
    "Configuration file (default: MINTMARK_CONFIG, or the built-in development configuration)",
  ).argParser((path: string) => {
    if (path === "") throw new UsageError("--config <path> is required");
    return path;
  });
}

/** The sources of a configuration. */
export async function configSources({ env, cwd }: Io, { config: path }: ConfigOptions): Promise<ConfigContext> {
  const { grants } = await import("../../grants/index.ts");
  return {
    path,
    env,
    cwd,
    readFile: (name) => readFileSync(name, "utf8"),
    grantTypes: grants.map((grant) => grant.grantType),
  };
}

/** Reads the configuration. Throws ConfigError if it is not valid. */
export async function readConfig(io: Io, options: ConfigOptions): Promise<Config> {
  const { loadConfig } = await import("../../config/load.ts");
  return loadConfig(await configSources(io, options));
}
