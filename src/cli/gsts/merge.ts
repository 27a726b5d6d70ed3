import type { JsonObject } from "../../base/json.ts";
import { AmbiguousSettingsError, repeatedIn } from "./parse.ts";
import type { Notes } from "./settings.ts";

/** A client or a resource, and its name. */
export type Named = readonly [name: string, settings: JsonObject];

/**
 * What files have in their sections of one kind, by name. Of two files the later counts, which is noted. Throws an
 * {@link AmbiguousSettingsError} if a file has one name twice.
 */
export function merge(
  section: string,
  files: readonly (readonly Named[])[],
  notes: Notes,
): ReadonlyMap<string, JsonObject> {
  const merged = new Map<string, JsonObject>();
  for (const named of files) {
    const twice = repeatedIn(named.map(([name]) => name));
    if (twice !== undefined)
      throw new AmbiguousSettingsError(
        `${section}: ${twice} is there twice, so nobody can tell which counts: keep one`,
      );
    const earlier = [...merged.keys()];
    for (const [name, settings] of named) {
      const other = earlier.find((known) => known.toLowerCase() === name.toLowerCase());
      if (other === name) notes.add(`${section}.${name}`, "replaces all of the earlier file's; .NET merges the two");
      else if (other !== undefined)
        notes.add(`${section}.${name}`, `differs from the earlier file's ${other} in case: both are kept`);
      merged.set(name, settings);
    }
  }
  return merged;
}
