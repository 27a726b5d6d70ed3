import type { JsonObject } from "../../base/json.ts";
import { formatPath } from "../../schema/problems.ts";
import type { PrintedEntry } from "../registry/entries.ts";
import { listClients, listTenants } from "../registry/lists.ts";
import type { Registry } from "../registry/service.ts";
import { tenantFromWire } from "../registry/wire.ts";
import { inParallel } from "./parallel.ts";

/** Tenants and clients in the words of the configuration file. */
interface Entries {
  readonly tenants: JsonObject;
  /** What was left out, and why, a line each. */
  readonly left: readonly string[];
}

/** Which entries are read. */
interface Selection {
  /** The tenants' ids; undefined: all that the operator may act for. */
  readonly tenant?: readonly string[];
  /** Whether those in the service's configuration file are read too. */
  readonly all?: boolean;
}

/** Reads the entries that count, and those alone, so that nothing differs if they are applied. Throws ConnectError. */
export async function readEntries(registry: Registry, { tenant: ids, all = false }: Selection): Promise<Entries> {
  const found = ids === undefined ? await listTenants(registry) : await readTenants(registry, ids);
  const left: string[] = [];
  const isTaken = (entry: PrintedEntry, place: string) => {
    const why = entry.shadowed ? "shadowed by the configuration file" : entry.problems?.join("; ");
    if (why !== undefined) left.push(`${place} is left out: ${why}.`);
    return why === undefined && (all || entry.source === "stored");
  };
  const read = new Map<string, JsonObject>();
  const placeOf = ({ id }: PrintedEntry) => formatPath(["tenants", id]);
  await inParallel(
    found.filter((tenant) => !tenant.shadowed || isTaken(tenant, placeOf(tenant))),
    async (tenant) => {
      const clients = (await listClients(registry, { tenant: tenant.id }))
        .filter((client) => isTaken(client, formatPath(["tenants", tenant.id, "clients", client.id])))
        .map(({ id, settings }) => [id, settings] as const);
      const isWhole = isTaken(tenant, placeOf(tenant));
      if (!isWhole && clients.length === 0) return;
      const members = clients.length === 0 ? {} : { clients: Object.fromEntries(clients) };
      read.set(tenant.id, { ...(isWhole && tenant.settings), ...members });
    },
  );
  const sorted = found.flatMap(({ id }) => [id].filter((each) => read.has(each)));
  return { tenants: Object.fromEntries([...new Set(sorted)].map((id) => [id, read.get(id) ?? {}])), left };
}

async function readTenants(registry: Registry, ids: readonly string[]): Promise<readonly PrintedEntry[]> {
  const found: PrintedEntry[] = [];
  for (const tenant of ids) found.push(tenantFromWire((await registry.getTenant({ tenant })).tenant));
  return found;
}
