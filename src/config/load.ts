import { resolve } from "node:path";
import type { z } from "zod";
import { buildOperators } from "../registry/build-operators.ts";
import { buildTenants, type TenantDraft } from "../registry/build-tenant.ts";
import { withIssuers } from "../registry/issuers.ts";
import { checkStaleness } from "../registry/key-times.ts";
import type { Tenant } from "../registry/tenant.ts";
import { readShape } from "../schema/explain.ts";
import { Faults } from "../schema/problems.ts";
import type { Variables } from "../schema/variables.ts";
import { parseYaml } from "../schema/yaml.ts";
import { readConfigPath } from "./arguments.ts";
import type { Config, Settings } from "./config.ts";
import { checkDevelopmentAddress, developmentConfig } from "./development.ts";
import { readEnvironment } from "./environment.ts";
import { checkExposure } from "./exposure.ts";
import { type ReadFile, readText } from "./files.ts";
import { areKeysGiven, noteMissingKey, readKeyEncryptionKeys } from "./key-encryption-key.ts";
import { checkPublicSecrets } from "./public-secrets.ts";
import { type ConfigFile, configFile, type Environment } from "./schema.ts";
import { listenersOf, publicUrlOf, readSettings } from "./settings.ts";
import { readTls } from "./tls.ts";
import { warningsOf } from "./warnings.ts";

/** The world as the loader sees it. */
export interface ConfigWorld {
  /** The command line without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Variables;
  readonly readFile: ReadFile;
  /** Where relative paths start. */
  readonly cwd: string;
  /** The grant types that a client may be given. */
  readonly grantTypes: readonly string[];
  /** What stands for a file if none is named; {@link developmentConfig} unless given. */
  readonly development?: z.input<typeof configFile>;
}

/** What was written, and by whom. */
interface Sources {
  readonly file: ConfigFile;
  readonly environment: Environment;
  /** Whether there was no file, so that the built-in one stands for it. */
  readonly development: boolean;
}

/**
 * Reads the configuration: the file that `--config` or `MINTMARK_CONFIG` names, or the built-in one for development,
 * and the variables that override it. Throws a ConfigError that lists every fault: first those in the shape of what is
 * written, and once there are none, those against the rules between its parts.
 */
export function loadConfig(world: ConfigWorld): Config {
  const sources = readSources(world);
  const faults = new Faults();
  const { file, environment, development } = sources;
  const readFile: ReadFile = (path) => world.readFile(resolve(world.cwd, path));
  const settings = readSettings(file, environment, world.cwd);
  const keyEncryptionKeys = readKeyEncryptionKeys(environment, readFile, faults);
  const tls = readTls(file.tls, readFile, faults.at("tls"));
  const { keyPollEvery, keyMaxStaleness } = file;
  checkStaleness(file, faults);
  const operators = buildOperators(file, world.env, faults.at("operators"));
  const drafts = buildTenants(
    file.tenants,
    { grantTypes: world.grantTypes, variables: world.env, keyMaxStaleness, operators },
    faults.at("tenants"),
  );
  const publicUrl = publicUrlOf(file, environment, settings);
  checkDeployment(sources, settings, faults);
  withIssuers(drafts, publicUrl(settings.httpAddress.port), faults.at("tenants"));
  faults.throwIfAny();
  const warnings = warningsOf({
    file,
    settings,
    publicUrl: publicUrl(settings.httpAddress.port),
    variables: world.env,
    development,
  });
  const tenants = (url: string) => tenantsAt(drafts, url);
  const times = { keyPollEvery, keyMaxStaleness };
  const { trustedProxies } = file;
  return { ...settings, ...times, development, keyEncryptionKeys, trustedProxies, tls, warnings, publicUrl, tenants };
}

function readSources(world: ConfigWorld): Sources {
  const faults = new Faults();
  const path = readConfigPath(world.argv, faults) ?? (world.env.MINTMARK_CONFIG || undefined);
  const environment = readEnvironment(world.env, faults);
  const data =
    path === undefined ? (world.development ?? developmentConfig(world.grantTypes)) : readYaml(path, world, faults);
  const file = data === undefined ? undefined : readShape(configFile, data, faults);
  faults.throwIfAny();
  if (file === undefined || environment === undefined) throw new Error("A fault was not noted.");
  return { file, environment, development: path === undefined };
}

/** The data of a file, or undefined with a fault noted. */
function readYaml(path: string, world: ConfigWorld, faults: Faults): unknown {
  const text = readText(world.readFile, resolve(world.cwd, path), faults);
  return text === undefined ? undefined : parseYaml(text, path, faults);
}

function checkDeployment({ file, development, environment }: Sources, settings: Settings, faults: Faults): void {
  if (!development) {
    if (!areKeysGiven(environment)) noteMissingKey(faults);
    checkExposure(file, settings, faults);
    checkPublicSecrets(file, faults);
    return;
  }
  for (const { variable, address } of listenersOf(settings)) checkDevelopmentAddress(address, faults.at(variable));
}

function tenantsAt(drafts: readonly TenantDraft[], publicUrl: string): ReadonlyMap<string, Tenant> {
  const faults = new Faults();
  const tenants = withIssuers(drafts, publicUrl, faults.at("tenants"));
  faults.throwIfAny();
  return tenants;
}
