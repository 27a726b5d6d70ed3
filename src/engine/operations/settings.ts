import type { JsonObject } from "../../base/json.ts";
import { OAuthError } from "../errors.ts";
import type { SettingsRequest } from "../registry-request.ts";

/** Settings that are the request's own. Throws OAuthError `invalid_request` for the one that is set by other means. */
export function settingsIn({ settings = {} }: SettingsRequest, other: string, means: string): JsonObject {
  if (!Object.hasOwn(settings, other)) return settings;
  throw new OAuthError("invalid_request", `settings.${other} is not allowed: ${means}.`);
}

/** The names of the settings that an update changes; undefined: all. */
export function maskOf({ updateMask = [] }: SettingsRequest, settings: JsonObject): readonly string[] | undefined {
  if (updateMask.includes("*")) return undefined;
  return updateMask.length === 0 ? Object.keys(settings) : updateMask;
}

/** The entry with those settings as given, or without those that are not given. `names`: undefined for all. */
export function updated(entry: JsonObject, settings: JsonObject, names: readonly string[] | undefined): JsonObject {
  if (names === undefined) return settings;
  const kept = Object.entries(entry).filter(([name]) => !names.includes(name));
  const given = Object.entries(settings).filter(([name]) => names.includes(name));
  return Object.fromEntries([...kept, ...given]);
}
