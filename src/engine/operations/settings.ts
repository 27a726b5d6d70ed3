import type { JsonObject } from "../../base/json.ts";
import { OAuthError } from "../errors.ts";
import type { SettingsRequest } from "../registry-request.ts";

/** Settings that are the request's own. Throws OAuthError `invalid_request` for the one that is set by other means. */
export function settingsIn({ settings = {} }: SettingsRequest, other: string, means: string): JsonObject {
  if (!Object.hasOwn(settings, other)) return settings;
  throw new OAuthError("invalid_request", `settings.${other} is not allowed: ${means}.`);
}

/**
 * The names of the settings that an update changes; undefined: all. `known`: the settings that there are. Throws OAuthError
 * `invalid_request` for a name that is none of them: nothing would change.
 */
export function maskOf(
  { updateMask = [] }: SettingsRequest,
  settings: JsonObject,
  known: object,
): readonly string[] | undefined {
  if (updateMask.includes("*")) return undefined;
  // Of one that the settings have, the rules tell more.
  const unknown = updateMask.find((name) => !Object.hasOwn(known, name) && !Object.hasOwn(settings, name));
  if (unknown !== undefined)
    throw new OAuthError("invalid_request", `update_mask must name settings as a whole: there is no '${unknown}'.`);
  return updateMask.length === 0 ? Object.keys(settings) : updateMask;
}

/** The entry with those settings as given, or without those that are not given. `names`: undefined for all. */
export function updated(entry: JsonObject, settings: JsonObject, names: readonly string[] | undefined): JsonObject {
  if (names === undefined) return settings;
  const kept = Object.entries(entry).filter(([name]) => !names.includes(name));
  const given = Object.entries(settings).filter(([name]) => names.includes(name));
  return Object.fromEntries([...kept, ...given]);
}
