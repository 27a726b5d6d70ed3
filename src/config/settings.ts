import { dirname, resolve } from "node:path";
import { type Address, formatAddress } from "../base/address.ts";
import type { Problems } from "../schema/problems.ts";
import type { Settings } from "./config.ts";
import type { ConfigFile, Environment } from "./schema.ts";

/** The file's settings, overridden by the variables. The file's store is already overridden. */
export function readSettings(file: ConfigFile, environment: Environment, cwd: string): Settings {
  const { store } = file;
  return {
    store,
    startTimeout: environment.MINTMARK_START_TIMEOUT * 1000,
    maxClockLag: environment.MINTMARK_MAX_CLOCK_LAG * 1000,
    maxClockSkew: environment.MINTMARK_MAX_CLOCK_SKEW,
    dataDirectory: dataDirectory(store, cwd),
    httpAddress: environment.MINTMARK_HTTP_ADDRESS ?? file.httpAddress,
    rpcAddress: environment.MINTMARK_RPC_ADDRESS ?? file.rpcAddress,
    operatorAddress: environment.MINTMARK_OPERATOR_ADDRESS ?? file.operatorAddress,
    managementAddress: environment.MINTMARK_MANAGEMENT_ADDRESS ?? file.managementAddress,
    workers: environment.MINTMARK_WORKERS ?? file.workers,
    shutdownDelay: (environment.MINTMARK_SHUTDOWN_DELAY ?? file.shutdownDelay) * 1000,
    logLevel: environment.MINTMARK_LOG_LEVEL ?? file.logLevel,
    logFormat: environment.MINTMARK_LOG_FORMAT ?? file.logFormat,
  };
}

/**
 * The public URL: the configured one, or the gateway's own address. Notes a problem if there is neither: a port that is
 * chosen only when the gateway starts to listen cannot be part of an issuer.
 */
export function publicUrlOf(
  file: ConfigFile,
  environment: Environment,
  { httpAddress }: Settings,
  problems: Problems,
): string {
  const configured = environment.MINTMARK_PUBLIC_URL ?? file.publicUrl;
  if (configured !== undefined) return configured;
  if (httpAddress.port === 0)
    problems.at("publicUrl").add("required if httpAddress has port 0, which means any free port");
  return new URL(`${file.tls === undefined ? "http" : "https"}://${formatAddress(httpAddress)}`).origin;
}

/** An address to listen on, and the settings that give it. */
interface Listener {
  readonly key: string;
  readonly variable: string;
  readonly address: Address;
}

/** Every address among the settings, found by name so that a new one cannot be forgotten. */
export function listenersOf(settings: Settings): readonly Listener[] {
  return Object.entries(settings).flatMap(([key, address]) => {
    if (!key.endsWith("Address") || typeof address !== "object") return [];
    return [{ key, variable: `MINTMARK_${key.replace("Address", "_ADDRESS").toUpperCase()}`, address }];
  });
}

/** Notes a problem if workers could not share the store. */
export function checkWorkers({ workers, store }: Settings, problems: Problems): void {
  if (workers === "auto" || workers === 1 || store !== "sqlite::memory:") return;
  problems.at("workers").add("expected auto or 1, as a store in memory cannot be shared (MINTMARK_WORKERS)");
}

function dataDirectory(store: string, cwd: string): string | undefined {
  if (store === "sqlite::memory:") return undefined;
  return store.startsWith("sqlite:") ? dirname(resolve(cwd, store.slice("sqlite:".length))) : resolve(cwd, "data");
}
