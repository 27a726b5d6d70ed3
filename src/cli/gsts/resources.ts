import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { type Notes, Settings } from "./settings.ts";

/** The resources of a tenant. */
interface Resources {
  /** The scopes that each resource owns. */
  readonly owned: Readonly<Record<string, readonly string[]>>;
  /** The scopes that only resources own that are disabled. */
  readonly disabled: readonly string[];
}

/** The resources in a list, by name. Skips those without a name. */
export function resourcesIn(given: readonly JsonValue[], notes: Notes): readonly (readonly [string, JsonObject])[] {
  return given.flatMap((entry, index) => {
    const resource = typeof entry === "string" ? { Name: entry } : entry;
    const where = `apiResources[${index}]`;
    const name = isJsonObject(resource) ? new Settings(resource, where, notes).takeText("Name") : undefined;
    if (isJsonObject(resource) && name !== undefined) return [[name, resource] as const];
    notes.add(where, "skipped: expected a Name");
    return [];
  });
}

/**
 * Resources and the scopes that they own. `used`: the scopes of all clients, which show how scopes are named:
 * Generic-Security-Token-Service puts the resource's name in front, and IdentityServer4 does not.
 */
export function resourcesOf(
  given: ReadonlyMap<string, JsonObject>,
  used: ReadonlySet<string>,
  notes: Notes,
): Resources {
  const resources = [...given].map(([name, entry]) => {
    const resource = new Settings(entry, `apiResources.${name}`, notes);
    return { name, isEnabled: isEnabled(resource), scopes: scopesOf(name, resource, used, notes) };
  });
  const enabled = resources.filter((resource) => resource.isEnabled);
  const requestable = new Set(enabled.flatMap(({ name, scopes }) => [name, ...scopes]));
  const disabled = resources
    .filter((resource) => !resource.isEnabled)
    .flatMap(({ name, scopes }) => [name, ...scopes])
    .filter((scope) => !requestable.has(scope));
  return { owned: Object.fromEntries(enabled.map(({ name, scopes }) => [name, scopes])), disabled };
}

function isEnabled(resource: Settings): boolean {
  if (resource.takeFlag("Enabled") !== false) return true;
  resource.note("Enabled", "false, so the resource is left out, and no client may request its scopes");
  return false;
}

function scopesOf(name: string, resource: Settings, used: ReadonlySet<string>, notes: Notes): readonly string[] {
  const namespace = resource.takeText("scopeNameSpace");
  const scopes = resource.takeList("Scopes").flatMap((scope) => scopeName(scope, resource.where, notes));
  if ([...resource.takeList("secrets"), ...resource.takeList("ApiSecrets")].length > 0) {
    resource.note(
      "secrets",
      `no counterpart: clients introspect, not resources; give a client introspection: [${name}]`,
    );
  }
  for (const words of ["Name", "DisplayName", "Description"]) resource.take(words);
  resource.noteRest();
  return scopes.map((scope) => {
    const prefixed = `${namespace ?? name}.${scope}`;
    return namespace !== undefined || (used.has(prefixed) && !used.has(scope)) ? prefixed : scope;
  });
}

function scopeName(given: JsonValue, where: string, notes: Notes): readonly string[] {
  if (typeof given === "string") return [given];
  const scope = isJsonObject(given) ? new Settings(given, `${where}.Scopes`, notes) : undefined;
  const name = scope?.takeText("Name");
  if (scope === undefined || name === undefined) {
    notes.add(`${where}.Scopes`, "skipped: expected a Name");
    return [];
  }
  for (const words of ["DisplayName", "Description"]) scope.take(words);
  scope.noteRest();
  return [name];
}
