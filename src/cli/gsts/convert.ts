import type { Instant } from "../../base/clock.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { clientOf, OFFLINE_ACCESS } from "./client.ts";
import { merge, type Named } from "./merge.ts";
import { resourcesIn, resourcesOf } from "./resources.ts";
import { sectionsOf } from "./sections.ts";
import { Notes, Settings } from "./settings.ts";

/** The converted tenant, and notes on what was lost. */
interface Converted {
  readonly tenant: JsonObject;
  readonly notes: readonly string[];
}

/**
 * Converts the clients and the resources in settings files to a tenant. A client or a resource in a later file replaces
 * that of an earlier one. `grantTypes`: the existing ones. Returns undefined if no file has clients. Throws an
 * AmbiguousSettingsError if a file has two clients, or two resources, of one name.
 */
export function convert(
  files: readonly JsonValue[],
  grantTypes: readonly string[],
  now: Instant,
): Converted | undefined {
  const [notes, resourceNotes] = [new Notes(), new Notes()];
  const sections = files.map((file) => sectionsOf(file, notes));
  const clients = merge(
    "clients",
    sections.map((section) => clientsIn(section.clients, notes)),
    notes,
  );
  const lists = sections.map(({ resources }) => resourcesIn(resources, resourceNotes));
  const resources = merge("apiResources", lists, resourceNotes);
  if (clients.size === 0) return undefined;
  noteLists("clients", sections.filter((section) => Array.isArray(section.clients)).length, notes);
  noteLists("apiResources", sections.filter((section) => section.resources.length > 0).length, notes);
  const used = [...clients.values()].map(scopesOf);
  const { owned, disabled } = resourcesOf(resources, new Set(used.flat()), resourceNotes);
  const disabledScopes = new Set([...disabled, ...sections.flatMap((section) => section.disabledScopes)]);
  const registrations = [...clients].map(([id, client]) => {
    return [id, clientOf(new Settings(client, `clients.${id}`, notes), { grantTypes, disabledScopes, now })] as const;
  });
  if (used.some((scopes) => scopes.length === 0)) {
    notes.add(
      "AllowedScopes",
      'empty, so the client may request no scopes; Generic-Security-Token-Service allowed any, which is scopes: "*"',
    );
  }
  if (resources.size === 0) notes.add("apiResources", "not found, so each scope is an audience of its own");
  return {
    tenant: { ...(resources.size > 0 && { resources: owned }), clients: Object.fromEntries(registrations) },
    notes: [...notes.list(), ...resourceNotes.list()],
  };
}

/** The scopes that a client names, but for the one for a refresh token. */
function scopesOf(client: JsonObject): readonly string[] {
  const scopes = new Settings(client, "", new Notes()).takeTexts("AllowedScopes");
  return scopes.filter((scope) => scope !== OFFLINE_ACCESS);
}

function noteLists(section: string, files: number, notes: Notes): void {
  if (files > 1) notes.add(section, "the lists of all files are joined; .NET merges lists by position");
}

/** Clients by id, from a mapping or a list. */
function clientsIn(clients: JsonValue | undefined, notes: Notes): readonly Named[] {
  if (clients === undefined) return [];
  if (isJsonObject(clients))
    return Object.entries(clients).flatMap(([key, client]) => clientAt(key, key, client, notes));
  if (Array.isArray(clients)) return clients.flatMap((client, index) => clientAt(index, undefined, client, notes));
  notes.add("clients", "skipped: expected a mapping or a list of clients");
  return [];
}

function clientAt(place: string | number, key: string | undefined, client: JsonValue, notes: Notes): readonly Named[] {
  const where = typeof place === "number" ? `clients[${place}]` : `clients.${place}`;
  if (!isJsonObject(client)) {
    notes.add(where, "skipped: expected an object");
    return [];
  }
  const own = new Settings(client, where, notes).takeText("ClientId");
  const id = own ?? key;
  if (key !== undefined && id !== key) notes.add(where, `its ClientId is ${id}, which counts rather than its key`);
  if (id === undefined) notes.add(where, "skipped: expected a ClientId");
  return id === undefined ? [] : [[id, client]];
}
