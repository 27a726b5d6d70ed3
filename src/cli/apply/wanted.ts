import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import type { TenantsFile } from "../../registry/schema-tenant.ts";
import { Problems } from "../../schema/problems.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";
import { readInputFile } from "../registry/input-file.ts";

/** A client as the file wants it. */
interface WantedClient {
  readonly settings: JsonObject;
  /** The hashes of its secrets; undefined if the file has none, and those that there are stay. */
  readonly hashes: readonly string[] | undefined;
}

/** A tenant as the file wants it. */
export interface WantedTenant {
  /** Undefined if the file has nothing but its clients: then what there is stays. */
  readonly settings: JsonObject | undefined;
  readonly clients: ReadonlyMap<string, WantedClient>;
}

/** What a file wants, by the tenants' ids. */
export type Wanted = ReadonlyMap<string, WantedTenant>;

/**
 * Reads which tenants and clients a file wants, by the rules of the configuration; other settings of it are named on
 * standard error. Secrets in variables and files are hashed here. Throws {@link UsageError} with a line for each mistake.
 */
export async function readWanted(io: Io, file: string): Promise<Wanted> {
  const { name, data } = await readInputFile(io, file);
  const problems = new Problems();
  const tenants = isJsonObject(data) ? await readTenants(io, name, data, problems) : undefined;
  if (!isJsonObject(data)) problems.add("expected a mapping with tenants");
  const [first] = problems.list();
  if (first !== undefined) throw new UsageError(`${name} is not valid:\n${problems.list().join("\n")}`);
  return tenants ?? new Map();
}

async function readTenants(io: Io, name: string, data: JsonObject, problems: Problems): Promise<Wanted | undefined> {
  const [{ configFile }, { readShape }, { hintFor }, { checkPublicSecrets }] = await Promise.all([
    import("../../config/schema.ts"),
    import("../../schema/explain.ts"),
    import("../../schema/foreign-words.ts"),
    import("../../config/public-secrets.ts"),
  ]);
  const known = Object.keys(configFile.shape);
  const others = Object.keys(data).filter((key) => key !== "tenants");
  for (const key of others.filter((each) => !known.includes(each))) {
    problems.at(key).add(`unknown key${hintFor(key, known)}`);
  }
  const tenants = readShape(configFile.shape.tenants, data.tenants, problems.at("tenants"));
  if (tenants === undefined) return undefined;
  checkPublicSecrets({ operators: {}, tenants }, problems);
  if (others.length > 0) io.stderr.write(`${name}: only its tenants are applied, not ${others.join(", ")}.\n`);
  const hashes = await hashesOf(io, tenants, problems);
  return new Map(
    membersOf(data.tenants).map(([id, tenant]) => [id, wantedTenant(tenant, hashes.get(id) ?? new Map())]),
  );
}

/** The hashes of all clients' secrets in the file, by tenant and client. */
async function hashesOf(io: Io, tenants: TenantsFile, problems: Problems) {
  const [{ resolveSecrets }, { formatHash }, { secretReader }] = await Promise.all([
    import("../../registry/build-secrets.ts"),
    import("../../registry/secret.ts"),
    import("../../config/secrets.ts"),
  ]);
  const readSecret = secretReader(io.env, (path) => readFileSync(resolve(io.cwd, path), "utf8"));
  return mapMembers(tenants, ({ limits, clients }, tenant) => {
    const context = { maxLength: limits.credentialLength, maxLengthPath: "limits.credentialLength", readSecret };
    return mapMembers(clients, ({ secrets }, id) =>
      resolveSecrets(secrets, context, problems.at("tenants", tenant, "clients", id, "secrets")).map(formatHash),
    );
  });
}

function mapMembers<T, U>(members: Readonly<Record<string, T>>, change: (value: T, name: string) => U) {
  return new Map(Object.entries(members).map(([name, value]) => [name, change(value, name)] as const));
}

function wantedTenant(words: JsonValue, hashes: ReadonlyMap<string, readonly string[]>): WantedTenant {
  const { clients, ...settings } = isJsonObject(words) ? words : {};
  const isClientsAlone = clients !== undefined && Object.keys(settings).length === 0;
  return {
    settings: isClientsAlone ? undefined : settings,
    clients: new Map(membersOf(clients).map(([id, client]) => [id, wantedClient(client, hashes.get(id))])),
  };
}

function wantedClient(words: JsonValue, hashes: readonly string[] | undefined): WantedClient {
  const { secrets, ...settings } = isJsonObject(words) ? words : {};
  return { settings, hashes: secrets === undefined ? undefined : hashes };
}

function membersOf(value: JsonValue | undefined): readonly (readonly [string, JsonValue])[] {
  return isJsonObject(value) ? Object.entries(value) : [];
}
