import { readFileSync } from "node:fs";
import { pino } from "pino";
import { formatAddress } from "./config/address.ts";
import type { Config } from "./config/config.ts";
import { developmentCurl } from "./config/development.ts";
import { ConfigError } from "./config/faults.ts";
import { loadConfig } from "./config/load.ts";
import { grants } from "./grants/index.ts";
import { SealError } from "./keyring/seal.ts";
import { type Service, startService } from "./service.ts";
import { StoreUnavailableError } from "./store/port.ts";

/** Starts the service of this process, and ends it on a signal. */
async function main(): Promise<void> {
  const config = loadConfig({
    argv: process.argv.slice(2),
    env: process.env,
    readFile: (path) => readFileSync(path, "utf8"),
    cwd: process.cwd(),
    grantTypes: grants.map((grant) => grant.grantType),
  });
  const logger = pino({ level: config.logLevel });
  for (const warning of config.warnings) logger.warn(warning);
  const service = await startService(config, logger);
  if (config.development) process.stdout.write(welcome(config, service));
  logger.info(
    { publicUrl: service.publicUrl, httpPort: service.httpPort, rpcPort: service.rpcPort },
    "mintmark is ready",
  );

  const stop = async (signal: string) => {
    logger.info({ signal }, "mintmark stops");
    await service.close();
    process.exit(0);
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
}

function welcome(config: Config, { publicUrl, rpcPort }: Service): string {
  const rpc = formatAddress({ ...config.rpcAddress, port: rpcPort });
  return `
mintmark is ready: OAuth2 gateway at ${publicUrl}, gRPC at ${rpc}, data in ${config.dataDirectory}.
This is the development configuration: its secrets are public. Never use it in production.
Mint a token:

  ${developmentCurl(publicUrl)}

`;
}

/** What an operator can mend is told in plain words; anything else with all that is known of it. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return `The configuration cannot be used:\n${error.message}`;
  if (error instanceof SealError || error instanceof StoreUnavailableError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`mintmark cannot start. ${explain(error)}\n`);
  process.exit(1);
});
