import { flushCompileCache } from "node:module";
import { Command, Option } from "commander";
import { formatAddress } from "../base/address.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { developmentCurl } from "../config/development.ts";
import type { LogFormat } from "../config/fields.ts";
import type { ConfigContext } from "../config/load.ts";
import { type Files, noting } from "../server/file-watch.ts";
import type { Service } from "../server/service.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type LogSettings, openServiceLog, takesBanner } from "./frame/log.ts";
import { type ConfigOptions, configOption, configSources } from "./local/config.ts";
import { ignoreSignals, onHangup, stopSignal } from "./local/signals.ts";

const FORMATS = ["auto", "json", "pretty"] as const satisfies readonly LogFormat[];

interface ServeOptions extends ConfigOptions {
  readonly logFormat?: LogFormat;
}

/** `mintmark` or `mintmark serve`: runs the service until it is told to stop. */
export function serve(io: Io): Command {
  const command = new Command("serve")
    .summary("Run the service (default command)")
    .description(
      "Run the service until it is stopped. Without a configuration file, it serves development tenants, whose secrets are " +
        "public, on loopback only.",
    )
    .addOption(configOption())
    .addOption(
      new Option("--log-format <format>", "Log format; overrides logFormat in the configuration").choices(FORMATS),
    )
    .action(async ({ logFormat, ...options }: ServeOptions) => {
      const { isWorker } = await import("../server/workers/processes.ts");
      const sources = await configSources(io, options);
      const logOf = (config: Config): LogSettings => ({ ...config, logFormat: logFormat ?? config.logFormat });
      await (isWorker() ? serveAsWorker(io, sources, logOf) : serveUntilStopped(io, sources, logOf));
    });
  return withExamples(command, [
    ["mintmark serve", "Run with the built-in development configuration"],
    [
      "mintmark serve --config /etc/mintmark/mintmark.yaml",
      "Run in production; use mintmark config init to write a first configuration",
    ],
  ]);
}

/** How the log is written that a configuration asks for. */
type LogOf = (config: Config) => LogSettings;

/** Serves as the worker of a primary, which has read the configuration and told everything that is worth telling of it. */
async function serveAsWorker(io: Io, sources: ConfigContext, logOf: LogOf): Promise<void> {
  const { primary } = await import("../server/workers/processes.ts");
  const { runWorker } = await import("../server/workers/worker.ts");
  const openLogger = (config: Config, worker: number) => openServiceLog(io, logOf(config), worker);
  await runWorker({ primary, sources, openLogger, stopSignal: stopSignal() });
}

async function serveUntilStopped(io: Io, sources: ConfigContext, logOf: LogOf): Promise<void> {
  const { loadConfig } = await import("../config/load.ts");
  const { readFile, files } = noting(sources.readFile);
  const config = loadConfig({ ...sources, readFile });
  const log = logOf(config);
  const start = await startOf(config, sources, files);
  const logger = await openServiceLog(io, log);
  ignoreSignals(logger);
  for (const warning of config.warnings) logger.warn({}, warning);
  // Listens before the start, which may wait for the store or the clock and must be interruptible.
  const stopping = stopSignal();
  const starting = start(logger);
  // During a start, once it is done: what it has read may have changed since. A start that fails ends the process.
  onHangup(() => void starting.then((service) => service.reload()).catch(() => undefined));
  const service = await Promise.race([starting, stopping]);
  if (typeof service === "string") {
    logger.info({ signal: service }, "mintmark stops before it is ready");
    return;
  }
  if (config.development && takesBanner(io.stdout, log)) io.stdout.write(welcome(config, service));
  const { publicUrl, httpPort, rpcPort, operatorPort, managementPort } = service;
  logger.info({ publicUrl, httpPort, rpcPort, operatorPort, managementPort }, "mintmark is ready");
  // Now it has all that a start needs; and a process that is killed would never write it.
  flushCompileCache();

  const signal = await stopping;
  logger.info({ signal }, "mintmark stops");
  await service.close();
}

/** What starts the service: in this process, or in several workers. */
async function startOf(
  config: Config,
  sources: ConfigContext,
  files: () => Files,
): Promise<(logger: Logger) => Promise<Service>> {
  const { countWorkers } = await import("../server/workers/count.ts");
  const count = countWorkers(config);
  if (count > 1) {
    const { startPrimary } = await import("../server/workers/primary.ts");
    return (logger) => startPrimary({ config, sources, files: files(), count, logger });
  }
  const { startService } = await import("../server/service.ts");
  return (logger) => startService(config, sources, logger);
}

function welcome(config: Config, { publicUrl, rpcPort }: Service): string {
  const rpc = formatAddress({ ...config.rpcAddress, port: rpcPort });
  return `
mintmark is ready: OAuth2 gateway at ${publicUrl}, gRPC at ${rpc}, data in ${config.dataDirectory ?? "memory"}.
This is the development configuration: its secrets are public. Never use it in production.
Mint a token:

  ${developmentCurl(publicUrl)}

`;
}
