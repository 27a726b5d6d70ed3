import { isDeepStrictEqual } from "node:util";
import { ConfigError } from "../schema/problems.ts";
import { type Changes, changesBetween } from "./changes.ts";
import type { Config } from "./config.ts";
import { type ConfigContext, loadConfig } from "./load.ts";

/** What a running service replaces, and what follows from settings that are named anyway. */
const NO_RESTART: readonly string[] = [
  "tenants",
  "keyEncryptionKeys",
  "warnings",
  "dataDirectory",
] satisfies readonly (keyof Config)[];

/** What it means for a running service that its configuration is read again. */
export interface Reload {
  /** What the service runs with afterwards. */
  readonly config: Config;
  readonly changes: Changes;
  /** The settings that differ, but count only after a restart. */
  readonly restart: readonly string[];
}

/**
 * Reads the configuration for a service that runs with `running`. It must be valid for a start, and its tenants also
 * with the settings that the service keeps until it restarts. Throws a ConfigError that lists every problem.
 */
export function readAgain(running: Config, context: ConfigContext): Reload {
  const read = loadConfig(context);
  assertOpensKeys(running, read);
  const { tenants } = keepsItsFrame(running, read) ? read : loadConfig({ ...context, kept: running });
  const { keyEncryptionKeys, warnings } = read;
  const config = { ...running, tenants, keyEncryptionKeys, warnings };
  return { config, changes: changesOf(running, config), restart: restartFor(running, read) };
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
    "keyEncryptionKeyFile (MINTMARK_KEY_ENCRYPTION_KEY): expected the key that the service seals with now to be among " +
      "the keys, first or not, as stored keys are sealed under it",
  ]);
}

function changesOf(running: Config, config: Config): Changes {
  const { added, removed, changed } = changesBetween(running.tenants, config.tenants, ["tenants"]);
  const places = changed.map(asInFile);
  const isSealedAnew = !isDeepStrictEqual(running.keyEncryptionKeys, config.keyEncryptionKeys);
  return { added, removed, changed: isSealedAnew ? [...places, "keyEncryptionKeys"] : places };
}

/** The file has another name for one setting of a tenant. */
function asInFile(place: string): string {
  return place.replace(/^(tenants\.[^.]+)\.namespaceClaim$/, "$1.markClaim");
}

function restartFor(running: Config, read: Config): readonly string[] {
  const names = Object.keys(read) as (keyof Config)[];
  return names.filter((name) => !NO_RESTART.includes(name) && !isDeepStrictEqual(running[name], read[name]));
}
