import type { JsonValue } from "../base/json.ts";
import { entriesOf } from "./entries.ts";
import { storedClient } from "./schema-client.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Client } from "./tenant.ts";

/** A setting that holds, and where it comes from: the client's entry, its tenant's `clientDefaults`, or the program. */
export interface EffectiveSetting {
  readonly value: JsonValue;
  readonly from: "client" | "tenant" | "default";
}

/** Everything that holds for a client, by the names of the file; undefined if no such client is served. */
export function effectiveSettings(
  snapshot: Snapshot,
  tenantId: string,
  id: string,
): Readonly<Record<string, EffectiveSetting>> | undefined {
  const tenant = snapshot.tenants.get(tenantId);
  const client = tenant?.clients.get(id);
  const [entry] = entriesOf(snapshot, "client", tenantId, id);
  if (tenant === undefined || client === undefined || entry === undefined) return undefined;
  const settings: Record<string, EffectiveSetting> = {};
  for (const name of Object.keys(storedClient.shape) as (keyof typeof storedClient.shape)[]) {
    const own = entry.words[name];
    const inherited = tenant.clientDefaults[name];
    const built = wordsOf(client[name as keyof Client]);
    if (own !== undefined) settings[name] = { value: own, from: "client" };
    else if (inherited !== undefined) settings[name] = { value: inherited, from: "tenant" };
    else if (built !== undefined) settings[name] = { value: built, from: "default" };
  }
  return settings;
}

/** A built value as the file would have it; undefined for what has no default. */
function wordsOf(value: Client[keyof Client]): JsonValue | undefined {
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  return value as JsonValue | undefined;
}
