import { isDeepStrictEqual } from "node:util";
import { formatPath } from "../schema/problems.ts";

/** The places at which two configurations differ, such as `tenants.acme.clients.web.scopes`. No value is ever in them. */
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

type Kind = keyof Changes;
type Path = readonly PropertyKey[];

/** What a place holds of others, by their names. */
type Members = ReadonlyMap<PropertyKey, unknown>;

/** Places are at most this deep: `tenants`, a tenant, `clients`, a client, one of its settings. */
const MAX_DEPTH = 5;

/** The most places that each list names; the last one says how many more there are. */
const MAX_PLACES = 100;

/** Compares what two configurations have at a place. */
export function changesBetween(before: unknown, after: unknown, path: Path): Changes {
  const found = { added: [], removed: [], changed: [] } satisfies Record<Kind, readonly string[]>;
  compare(before, after, path, (kind: Kind, at: Path) => (found[kind] as string[]).push(formatPath(at)));
  return { added: bounded(found.added), removed: bounded(found.removed), changed: bounded(found.changed) };
}

function compare(before: unknown, after: unknown, path: Path, note: (kind: Kind, path: Path) => void): void {
  if (isDeepStrictEqual(before, after)) return;
  const [old, now] = [membersOf(before), membersOf(after)];
  if (old === undefined || now === undefined || path.length >= MAX_DEPTH) {
    note("changed", path);
    return;
  }
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const here = [...path, name];
    if (!now.has(name)) note("removed", here);
    else if (!old.has(name)) note("added", here);
    else compare(old.get(name), now.get(name), here, note);
  }
}

/** The members of a map or a plain object; undefined for anything else, which is compared as a whole. */
function membersOf(value: unknown): Members | undefined {
  if (value instanceof Map) return value;
  const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? new Map(Object.entries(value)) : undefined;
}

function bounded(places: readonly string[]): readonly string[] {
  if (places.length <= MAX_PLACES) return places;
  return [...places.slice(0, MAX_PLACES), `and ${places.length - MAX_PLACES} more`];
}
