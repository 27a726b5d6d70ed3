import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ConfigError, Problems } from "../schema/problems.ts";
import { type Changes, changesBetween } from "./changes.ts";
import type { Config } from "./config.ts";
import { type ConfigContext, loadConfig } from "./load.ts";
import { readTls, type TlsMaterial } from "./tls.ts";

/** What never needs a restart: what may differ because of what is kept, and what follows from another setting. */
const NO_RESTART: readonly string[] = [
  "tenants",
  "words",
  "rules",
  "dataDirectory",
] satisfies readonly (keyof Config)[];

/** What it means for a running service that its configuration is read again. */
export interface Reload {
  /** What the service runs with afterwards. */
  readonly config: Config;
  readonly changes: Changes;
  /** The settings that differ, but count only after a restart. */
  readonly restart: readonly string[];
  /** The store that a restart would open. */
  readonly store: string;
}

/**
 * Reads the configuration for a service that runs with `running`. It must be valid for a start, and its tenants also
 * with the settings that the service keeps until it restarts. Throws a ConfigError that lists every problem.
 */
export function readAgain(running: Config, context: ConfigContext): Reload {
  const read = loadConfig(context);
  assertOpensKeys(running, read);
  const { tenants, words, rules } = keepsItsFrame(running, read) ? read : loadConfig({ ...context, kept: running });
  const { keyEncryptionKeys, warnings } = read;
  // A server speaks TLS from its start on, or never.
  const tls = running.tls && (read.tls ?? running.tls);
  const config = { ...running, tenants, words, rules, keyEncryptionKeys, warnings, tls };
  return { config, changes: changesOf(running, config), restart: restartFor(config, read), store: read.store };
}

/** Reads only the certificate and its key again. Throws a ConfigError if they cannot be used. */
export function readCertificateAgain(running: Config, { readFile, cwd }: ConfigContext): Reload {
  const problems = new Problems();
  const tls = readTls(running.tls?.source, (path) => readFile(resolve(cwd, path)), problems.at("tls"));
  problems.throwIfAny();
  const config = { ...running, tls };
  return { config, changes: changesOf(running, config), restart: [], store: running.store };
}

/** Whether the settings that tenants are checked against are the same. */
function keepsItsFrame(running: Config, read: Config): boolean {
  return running.publicUrl === read.publicUrl && running.keyMaxStaleness === read.keyMaxStaleness;
}

/** The key that seals now has sealed what is stored, so it must stay among the keys until everything is resealed. */
function assertOpensKeys(running: Config, { keyEncryptionKeys: keys = [] }: Config): void {
  const sealing = running.keyEncryptionKeys?.[0];
  if (sealing === undefined || keys.some((key) => isDeepStrictEqual(key, sealing))) return;
  throw new ConfigError([
    "keyEncryptionKeyFile (MINTMARK_KEY_ENCRYPTION_KEY): expected the key that the service currently seals with to be " +
      "among the keys, in any position, because stored keys are sealed under it",
  ]);
}

function changesOf(running: Config, config: Config): Changes {
  const { added, removed, changed } = changesBetween(running.tenants, config.tenants, ["tenants"]);
  const keys = isDeepStrictEqual(running.keyEncryptionKeys, config.keyEncryptionKeys) ? [] : ["keyEncryptionKeys"];
  const tls = changesBetween(pairOf(running), pairOf(config), ["tls"]);
  return { added, removed, changed: [...changed.map(asInFile), ...keys, ...tls.changed] };
}

function pairOf({ tls }: Config): Omit<TlsMaterial, "source"> | undefined {
  return tls && { certificate: tls.certificate, key: tls.key, minVersion: tls.minVersion, clients: tls.clients };
}

/** The file has another name for one setting of a tenant. */
function asInFile(place: string): string {
  return place.replace(/^(tenants\.[^.]+)\.namespaceClaim$/, "$1.markClaim");
}

/** The settings of which a service does not run with what was read. */
function restartFor(config: Config, read: Config): readonly string[] {
  const names = Object.keys(read) as (keyof Config)[];
  return names.filter((name) => !NO_RESTART.includes(name) && !isDeepStrictEqual(config[name], read[name]));
}
