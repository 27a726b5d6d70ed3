import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { clientOf } from "./client.ts";
import { resourcesOf } from "./resources.ts";
import { Notes, Settings } from "./settings.ts";

/** The converted tenant, and notes on what was lost. */
interface Converted {
  readonly tenant: JsonObject;
  readonly notes: readonly string[];
}

/** Settings of .NET itself, which have nothing to do with clients. */
const OF_DOTNET = ["Logging", "AllowedHosts", "ConnectionStrings", "Kestrel", "urls", "https_port", "$schema"];

/**
 * Converts the clients and the resources in settings files to a tenant. Later files override earlier ones, as in .NET.
 * `grantTypes`: the existing ones. Returns undefined if no file has clients.
 */
export function convert(files: readonly JsonValue[], grantTypes: readonly string[]): Converted | undefined {
  const notes = new Notes();
  const clients = new Map<string, JsonObject>();
  const resources: JsonValue[] = [];
  for (const file of files) {
    const sections = sectionsOf(file, notes);
    for (const [id, client] of clientsIn(sections.clients, notes)) clients.set(id, client);
    resources.push(...sections.resources);
  }
  if (clients.size === 0) return undefined;
  const registrations = [...clients].map(([id, client]) => {
    return [id, clientOf(new Settings(client, `clients.${id}`, notes), grantTypes)] as const;
  });
  const used = new Set(registrations.flatMap(([, { scopes }]) => (Array.isArray(scopes) ? scopes.map(String) : [])));
  if (registrations.some(([, { scopes }]) => Array.isArray(scopes) && scopes.length === 0)) {
    notes.add(
      "AllowedScopes",
      'empty, so the client may request no scopes; Generic-Security-Token-Service allowed any, which is scopes: "*"',
    );
  }
  if (resources.length === 0) notes.add("apiResources", "not found, so each scope is an audience of its own");
  const owned = resourcesOf(resources, used, notes);
  return {
    tenant: { ...(resources.length > 0 && { resources: owned }), clients: Object.fromEntries(registrations) },
    notes: notes.list(),
  };
}

/** The sections of a file to convert: at its top, or below `IdentityServer`. */
function sectionsOf(
  file: JsonValue,
  notes: Notes,
): { clients: JsonValue | undefined; resources: readonly JsonValue[] } {
  if (!isJsonObject(file)) return { clients: file, resources: [] };
  const top = new Settings(file, "settings", notes);
  const server = top.take("IdentityServer");
  const inner = isJsonObject(server) ? new Settings(server, "settings.IdentityServer", notes) : undefined;
  for (const name of OF_DOTNET) top.take(name);
  if (top.take("oauth2") !== undefined)
    top.note("oauth2", "not converted: add authorities by hand, because each needs its audiences");
  const clients = top.take("clients") ?? inner?.take("clients");
  const resources = [...top.takeList("apiResources"), ...(inner?.takeList("apiResources") ?? [])];
  if (clients === undefined && top.take("ClientId") !== undefined) return { clients: [file], resources };
  top.noteRest();
  inner?.noteRest();
  return { clients, resources };
}

/** Clients by id, from a mapping or a list. */
function clientsIn(clients: JsonValue | undefined, notes: Notes): readonly (readonly [string, JsonObject])[] {
  const entries = Array.isArray(clients) ? clients.map((client) => [undefined, client] as const) : entriesOf(clients);
  return entries.flatMap(([key, client], index) => {
    if (!isJsonObject(client)) return [];
    const id = key ?? new Settings(client, "", notes).takeText("ClientId");
    if (id !== undefined) return [[id, client] as const];
    notes.add(`clients[${index}]`, "skipped: expected a ClientId");
    return [];
  });
}

function entriesOf(clients: JsonValue | undefined): readonly (readonly [string, JsonValue])[] {
  return isJsonObject(clients) ? Object.entries(clients) : [];
}
