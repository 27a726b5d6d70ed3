import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { Notes, Settings } from "./settings.ts";

/** Settings of .NET itself, which have nothing to do with clients. */
const OF_DOTNET = ["Logging", "AllowedHosts", "ConnectionStrings", "Kestrel", "urls", "https_port", "$schema"];

/** What a file has to convert. */
interface Sections {
  readonly clients: JsonValue | undefined;
  readonly resources: readonly JsonValue[];
  /** The scopes that are disabled by themselves. */
  readonly disabledScopes: readonly string[];
}

/** The sections of a file to convert: at its top, or below `IdentityServer`. */
export function sectionsOf(file: JsonValue, notes: Notes): Sections {
  if (!isJsonObject(file)) return { clients: file, resources: [], disabledScopes: [] };
  const top = new Settings(file, "settings", notes);
  const server = top.take("IdentityServer");
  const inner = isJsonObject(server) ? new Settings(server, "settings.IdentityServer", notes) : undefined;
  if (server !== undefined && inner === undefined) top.note("IdentityServer", "skipped: expected an object");
  for (const name of OF_DOTNET) top.take(name);
  if (top.take("oauth2") !== undefined)
    top.note("oauth2", "not converted: add authorities by hand, because each needs its audiences");
  const clients = top.take("clients") ?? inner?.take("clients");
  const resources = [...top.takeList("apiResources"), ...(inner?.takeList("apiResources") ?? [])];
  const disabledScopes = [file, server].flatMap((object) => (isJsonObject(object) ? disabledIn(object) : []));
  if (clients === undefined && top.take("ClientId") !== undefined)
    return { clients: [file], resources, disabledScopes };
  top.noteRest();
  inner?.noteRest();
  return { clients, resources, disabledScopes };
}

/** The names of scopes that are disabled. The section has no counterpart otherwise, which is noted elsewhere. */
function disabledIn(object: JsonObject): readonly string[] {
  const scopes = new Settings(object, "", new Notes()).takeList("ApiScopes").filter(isJsonObject);
  return scopes.flatMap((entry) => {
    const scope = new Settings(entry, "", new Notes());
    const name = scope.takeText("Name");
    return scope.takeFlag("Enabled") === false && name !== undefined ? [name] : [];
  });
}
