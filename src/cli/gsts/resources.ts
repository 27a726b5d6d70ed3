import { isJsonObject, type JsonValue } from "../../base/json.ts";
import { type Notes, Settings } from "./settings.ts";

/**
 * Resources and the scopes that they own. `used`: the scopes of all clients, which show how scopes are named:
 * Generic-Security-Token-Service puts the resource's name in front, and IdentityServer4 does not.
 */
export function resourcesOf(
  given: readonly JsonValue[],
  used: ReadonlySet<string>,
  notes: Notes,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(given.flatMap((entry, index) => resourceOf(entry, index, used, notes)));
}

function resourceOf(
  entry: JsonValue,
  index: number,
  used: ReadonlySet<string>,
  notes: Notes,
): readonly (readonly [string, readonly string[]])[] {
  if (typeof entry === "string") return [[entry, []]];
  const where = `apiResources[${index}]`;
  const resource = isJsonObject(entry) ? new Settings(entry, where, notes) : undefined;
  const name = resource?.takeText("Name");
  if (resource === undefined || name === undefined) {
    notes.add(where, "skipped: expected a Name");
    return [];
  }
  const namespace = resource.takeText("scopeNameSpace");
  const scopes = resource.takeList("Scopes").flatMap((scope) => scopeName(scope, where, notes));
  if ([...resource.takeList("secrets"), ...resource.takeList("ApiSecrets")].length > 0) {
    resource.note(
      "secrets",
      `no counterpart: clients introspect, not resources; give a client introspection: [${name}]`,
    );
  }
  for (const words of ["DisplayName", "Description", "Enabled"]) resource.take(words);
  resource.noteRest();
  const owned = scopes.map((scope) => {
    const prefixed = `${namespace ?? name}.${scope}`;
    return namespace !== undefined || (used.has(prefixed) && !used.has(scope)) ? prefixed : scope;
  });
  return [[name, owned]];
}

function scopeName(scope: JsonValue, where: string, notes: Notes): readonly string[] {
  if (typeof scope === "string") return [scope];
  const name = isJsonObject(scope) ? new Settings(scope, where, notes).takeText("Name") : undefined;
  if (name === undefined) notes.add(`${where}.Scopes`, "skipped: expected a Name");
  return name === undefined ? [] : [name];
}
