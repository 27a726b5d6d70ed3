import { formatAddress } from "../base/address.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { developmentCurl } from "../config/development.ts";
import { type Service, startService } from "../server/service.ts";
import type { Command } from "./command.ts";
import { ignoreSignals, stopSignal } from "./signals.ts";

/** `mintmark` or `mintmark serve`: the service, until it is told to stop. */
export const serve: Command = {
  summary: "serves tokens (what is done when no command is named)",
  options: {},

  async run(config: Config, logger: Logger): Promise<undefined> {
    ignoreSignals(logger);
    for (const warning of config.warnings) logger.warn({}, warning);
    // A start may wait for the store or the clock: whoever tells it to stop meanwhile is obeyed.
    const stopping = stopSignal();
    const service = await Promise.race([startService(config, logger), stopping]);
    if (typeof service === "string") {
      logger.info({ signal: service }, "mintmark stops before it is ready");
      return;
    }
    if (config.development) process.stdout.write(welcome(config, service));
    const { publicUrl, httpPort, rpcPort, operatorPort } = service;
    logger.info({ publicUrl, httpPort, rpcPort, operatorPort }, "mintmark is ready");

    const signal = await stopping;
    logger.info({ signal }, "mintmark stops");
    await service.close();
  },
};

function welcome(config: Config, { publicUrl, rpcPort }: Service): string {
  const rpc = formatAddress({ ...config.rpcAddress, port: rpcPort });
  return `
mintmark is ready: OAuth2 gateway at ${publicUrl}, gRPC at ${rpc}, data in ${config.dataDirectory ?? "memory"}.
This is the development configuration: its secrets are public. Never use it in production.
Mint a token:

  ${developmentCurl(publicUrl)}

`;
}
