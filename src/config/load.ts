import { resolve } from "node:path";
import type * as z from "zod";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { buildOperators } from "../registry/build-operators.ts";
import { buildTenants } from "../registry/build-tenant.ts";
import { withClientDefaults } from "../registry/client-defaults.ts";
import { checkRegistryStaleness, checkStaleness } from "../registry/key-times.ts";
import { readShape } from "../schema/explain.ts";
import { type Path, Problems } from "../schema/problems.ts";
import type { Variables } from "../schema/variables.ts";
import { parseYaml } from "../schema/yaml.ts";
import { readAudit } from "./audit.ts";
import type { Config, Settings } from "./config.ts";
import { checkDevelopmentAddress, developmentConfig } from "./development.ts";
import { readEnvironment } from "./environment.ts";
import { checkExposure } from "./exposure.ts";
import { type ReadFile, readText } from "./files.ts";
import { areKeysGiven, noteMissingKey, readKeyEncryptionKeys } from "./key-encryption-key.ts";
import { checkPublicSecrets } from "./public-secrets.ts";
import { type ConfigFile, configFile, type Environment } from "./schema.ts";
import { secretReader } from "./secrets.ts";
import { checkWorkers, listenersOf, publicUrlOf, readSettings } from "./settings.ts";
import { readStoreUrl } from "./store-file.ts";
import { readTls } from "./tls.ts";
import { warningsOf } from "./warnings.ts";

/** The sources of the configuration. */
export interface ConfigContext {
  /** The file that the command line names, if any. */
  readonly path?: string | undefined;
  readonly env: Variables;
  readonly readFile: ReadFile;
  /** Where relative paths start. */
  readonly cwd: string;
  /** The grant types that a client may be given. */
  readonly grantTypes: readonly string[];
  /**
   * What a running service keeps until it restarts: the tenants are checked against this rather than against the settings
   * that are read.
   */
  readonly kept?: Pick<Config, "publicUrl" | "keyMaxStaleness">;
  /** Replaces a file if none is named; {@link developmentConfig} by default. */
  readonly development?: z.input<typeof configFile>;
}

/** The parsed sources. */
interface Sources {
  readonly file: ConfigFile;
  readonly environment: Environment;
  /** What the file says of each tenant, word for word. */
  readonly words: ReadonlyMap<string, JsonObject>;
  /** Whether no file was named, and the built-in configuration replaces it. */
  readonly development: boolean;
}

/**
 * Loads the configuration: the file that `--config` or `MINTMARK_CONFIG` names, or the built-in one for development,
 * and the variables that override it. Throws a ConfigError that lists every problem. Those of rules between settings are
 * not looked for if a setting of the process has a wrong type on which their meaning depends, such as an address.
 */
export function loadConfig(context: ConfigContext): Config {
  const problems = new Problems();
  const sources = readSources(context, problems);
  const { file, environment, words, development } = sources;
  const readFile: ReadFile = (path) => context.readFile(resolve(context.cwd, path));
  const store = readStoreUrl(environment, readFile, problems) ?? file.store;
  const settings = readSettings({ ...file, store }, environment, context.cwd);
  const keyEncryptionKeys = readKeyEncryptionKeys(sources, readFile, problems);
  const tls = readTls(file.tls, readFile, problems.at("tls"));
  const audit = readAudit(file.audit, context.cwd, readFile, problems.at("audit"));
  const { keyPollEvery, keyMaxStaleness, registryPollEvery, registryMaxStaleness } = file;
  checkStaleness(file, problems);
  checkRegistryStaleness(file, problems);
  const publicUrl = publicUrlOf(file, environment, settings, problems);
  const readSecret = secretReader(context.env, readFile);
  const operators = buildOperators(file, readSecret, problems.at("operators"));
  const frame = context.kept ?? { publicUrl, keyMaxStaleness };
  const rules = {
    grantTypes: context.grantTypes,
    operators,
    publicUrl: frame.publicUrl,
    keyMaxStaleness: frame.keyMaxStaleness,
  };
  const tenants = buildTenants(file.tenants, { ...rules, readSecret, words }, problems.at("tenants"));
  checkDeployment(sources, settings, problems);
  checkWorkers(settings, problems);
  problems.throwIfAny();
  const warnings = warningsOf({ file, settings, publicUrl, variables: context.env, readSecret, development });
  const times = { keyPollEvery, keyMaxStaleness, registryPollEvery, registryMaxStaleness };
  const { mtlsUrl, reloadOnChange, trustedProxies, overload, metrics } = file;
  const own = {
    development,
    keyEncryptionKeys,
    reloadOnChange,
    trustedProxies,
    overload,
    metrics,
    tls,
    audit,
    warnings,
    publicUrl,
    mtlsUrl,
    tenants,
    words,
    rules,
  };
  return { ...settings, ...times, ...own };
}

function readSources(context: ConfigContext, problems: Problems): Sources {
  const path = context.path ?? (context.env.MINTMARK_CONFIG || undefined);
  const environment = readEnvironment(context.env, problems);
  const data =
    path === undefined
      ? ((context.development ?? developmentConfig(context.grantTypes)) as JsonObject)
      : readYaml(path, context, problems);
  const file =
    data === undefined ? undefined : readShape(configFile, withClientDefaults(data), problems, independentPart);
  if (file === undefined || environment === undefined) {
    problems.throwIfAny();
    throw new Error("A problem was not noted.");
  }
  return { file, environment, words: tenantWords(data), development: path === undefined };
}

/** Of data whose shape is right. */
function tenantWords(data: JsonValue | undefined): ReadonlyMap<string, JsonObject> {
  const tenants = isJsonObject(data) && isJsonObject(data.tenants) ? Object.entries(data.tenants) : [];
  return new Map(tenants.flatMap(([id, words]) => (isJsonObject(words) ? [[id, words] as const] : [])));
}

/** Settings of the process that say nothing about the meaning of others. */
const INDEPENDENT: ReadonlySet<PropertyKey> = new Set<keyof ConfigFile>([
  "audit",
  "logFormat",
  "logLevel",
  "metrics",
  "overload",
  "reloadOnChange",
  "shutdownDelay",
  "workers",
]);

/** The client, the operator, or the setting that a path leads into, if nothing else depends on it. */
function independentPart(path: Path): Path | undefined {
  const [top = "", , inTenant] = path;
  if (top === "operators") return path.length < 2 ? undefined : path.slice(0, 2);
  if (top !== "tenants") return INDEPENDENT.has(top) ? [top] : undefined;
  if (path.length < 3) return undefined;
  return path.slice(0, inTenant === "clients" && path.length >= 4 ? 4 : 3);
}

/** Returns the data of a file, or notes a problem and returns undefined. */
function readYaml(path: string, context: ConfigContext, problems: Problems): JsonValue | undefined {
  const text = readText(context.readFile, resolve(context.cwd, path), problems);
  return text === undefined ? undefined : (parseYaml(text, path, problems) as JsonValue | undefined);
}

function checkDeployment(sources: Sources, settings: Settings, problems: Problems): void {
  const { file, development } = sources;
  if (!development) {
    if (!areKeysGiven(sources)) noteMissingKey(problems);
    checkExposure(file, settings, problems);
    checkPublicSecrets(file, problems);
    return;
  }
  for (const { variable, address } of listenersOf(settings)) checkDevelopmentAddress(address, problems.at(variable));
}
