import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { clientDefaults } from "./schema-client.ts";

/** A member of a tenant in the file. */
const DEFAULTS = "clientDefaults";

/**
 * Gives the clients in the data of a file whatever they leave out and their tenant has a default for. What has another
 * shape than it should stays as it is: reading it finds that out.
 */
export function withClientDefaults(file: JsonValue): JsonValue {
  if (!isJsonObject(file) || !isJsonObject(file.tenants)) return file;
  return { ...file, tenants: mapMembers(file.tenants, fillTenant) };
}

/** The members of a client's entry, with its tenant's defaults for those that it leaves out. */
export function fillClient(client: JsonObject, defaults: JsonObject): JsonObject {
  return { ...defaults, ...client };
}

/** The defaults that the entry of a tenant gives its clients. */
export function clientDefaultsOf({ [DEFAULTS]: defaults }: JsonObject): JsonObject {
  return isJsonObject(defaults) ? defaults : {};
}

function fillTenant(tenant: JsonValue): JsonValue {
  if (!isJsonObject(tenant) || !isJsonObject(tenant.clients)) return tenant;
  const defaults = clientDefaultsOf(tenant);
  // What is wrong with them is told once, rather than for each client.
  if (!clientDefaults.safeParse(defaults).success) return tenant;
  const clients = mapMembers(tenant.clients, (client) =>
    isJsonObject(client) ? fillClient(client, defaults) : client,
  );
  return { ...tenant, clients };
}

function mapMembers(members: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, change(value)]));
}
