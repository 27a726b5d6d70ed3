import { isDeepStrictEqual } from "node:util";
import type { JsonObject, JsonValue } from "../../base/json.ts";
import { formatPath } from "../../schema/problems.ts";
import type { PrintedEntry } from "../registry/entries.ts";
import type { Present, PresentTenant } from "./present.ts";
import type { Wanted, WantedTenant } from "./wanted.ts";

/** A setting that changes. Undefined: it has its default. */
export interface SettingChange {
  readonly setting: string;
  readonly from: JsonValue | undefined;
  readonly to: JsonValue | undefined;
}

/** A change that makes the service have what is wanted. */
export interface Step {
  readonly action: "create" | "update" | "delete";
  readonly kind: "tenant" | "client";
  readonly tenant: string;
  /** The client's id, or the tenant's. */
  readonly id: string;
  /** Its place in the file. */
  readonly place: string;
  /** All settings as they shall be. */
  readonly settings: JsonObject;
  readonly changes: readonly SettingChange[];
  /** What was seen of the entry; empty for a new one. */
  readonly etag: string;
  /** The hashes of secrets that a client gets. */
  readonly hashes: readonly string[];
  /** How many clients go with a tenant that is deleted. */
  readonly clients: number;
}

/** How what is wanted differs from what the service has. */
export interface Difference {
  readonly steps: readonly Step[];
  /** How many entries are as they are wanted. */
  readonly unchanged: number;
  /** The places of entries that differ, but are in the service's own configuration file, with the settings that do. */
  readonly readOnly: readonly string[];
}

/** Says how what is wanted differs from what is there. `isPruning`: whether stored entries that are not wanted go. */
export function differenceOf(wanted: Wanted, present: Present, isPruning: boolean): Difference {
  const compared = [...wanted].flatMap(([id, tenant]) => compareTenant(id, tenant, present.get(id), isPruning));
  const unwanted = isPruning ? [...present].filter(([id]) => !wanted.has(id)) : [];
  const all = [...compared, ...unwanted.map(([id, tenant]) => tenantDeletion(id, tenant))];
  return {
    steps: all.flatMap((each) => (typeof each === "object" && "action" in each ? [each] : [])),
    unchanged: all.filter((each) => each === "unchanged").length,
    readOnly: all.flatMap((each) => (typeof each === "object" && "readOnly" in each ? [each.readOnly] : [])),
  };
}

/** What comes of comparing an entry: a step, nothing to do, or the place of one that cannot be changed. */
type Compared = Step | "unchanged" | { readonly readOnly: string };

function compareTenant(
  id: string,
  { settings, clients }: WantedTenant,
  present: PresentTenant | undefined,
  isPruning: boolean,
): readonly Compared[] {
  const own = { kind: "tenant", tenant: id, id, place: formatPath(["tenants", id]) } as const;
  const unwanted = [...(present?.clients.values() ?? [])].filter((client) => !clients.has(client.id));
  return [
    ...(settings === undefined && present !== undefined ? [] : [compare(own, settings ?? {}, present?.entry, [])]),
    ...[...clients].map(([client, { settings: wanted, hashes = [] }]) => {
      const named = { kind: "client", tenant: id, id: client, place: placeOf(id, client) } as const;
      const there = present?.clients.get(client);
      const missing = there === undefined ? hashes : (present?.missing.get(client) ?? []);
      return compare(named, withEnabled(wanted, there), there, missing);
    }),
    ...(isPruning
      ? unwanted.filter(({ source }) => source === "stored").map((client) => clientDeletion(id, client))
      : []),
  ];
}

/** Somebody may have switched the client off in a hurry: only a file that says so switches it on again. */
function withEnabled(wanted: JsonObject, there: PrintedEntry | undefined): JsonObject {
  const enabled = there?.settings.enabled;
  return enabled === undefined || wanted.enabled !== undefined ? wanted : { ...wanted, enabled };
}

function compare(
  named: Pick<Step, "kind" | "tenant" | "id" | "place">,
  settings: JsonObject,
  there: PrintedEntry | undefined,
  hashes: readonly string[],
): Compared {
  const changes = changesOf(there?.settings ?? {}, settings);
  const step = { ...named, settings, changes, hashes, clients: 0 };
  if (there === undefined) return { ...step, action: "create", etag: "" };
  if (changes.length === 0 && hashes.length === 0) return "unchanged";
  if (there.source !== "stored")
    return changes.length === 0 ? "unchanged" : { readOnly: differing(named.place, changes) };
  return { ...step, action: "update", etag: there.etag ?? "" };
}

function differing(place: string, changes: readonly SettingChange[]): string {
  return `${place}: ${changes.map(({ setting }) => setting).join(", ")}`;
}

function changesOf(from: JsonObject, to: JsonObject): readonly SettingChange[] {
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names]
    .filter((name) => !isDeepStrictEqual(from[name], to[name]))
    .map((setting) => ({ setting, from: from[setting], to: to[setting] }));
}

function clientDeletion(tenant: string, { id, etag = "" }: PrintedEntry): Step {
  const named = { kind: "client", tenant, id, place: placeOf(tenant, id) } as const;
  return { ...named, action: "delete", settings: {}, changes: [], etag, hashes: [], clients: 0 };
}

function tenantDeletion(id: string, { entry, clients }: PresentTenant): Step {
  const named = { kind: "tenant", tenant: id, id, place: formatPath(["tenants", id]) } as const;
  const nothing = { settings: {}, changes: [], hashes: [] };
  return { ...named, ...nothing, action: "delete", etag: entry?.etag ?? "", clients: clients.size };
}

function placeOf(tenant: string, client: string): string {
  return formatPath(["tenants", tenant, "clients", client]);
}
