import { Code } from "@connectrpc/connect";
import type { JsonObject } from "../../base/json.ts";
import { formatPath } from "../../schema/problems.ts";
import { ServiceRefusedError } from "../frame/exit.ts";
import type { PrintedEntry } from "../registry/entries.ts";
import { listClients, listTenants } from "../registry/lists.ts";
import type { Registry } from "../registry/service.ts";
import { tenantFromWire } from "../registry/wire.ts";
import { inParallel } from "./parallel.ts";
import { unless } from "./unless.ts";

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

/** A tenant, or its id alone if the operator may not see it. */
type Found = PrintedEntry | { readonly id: string };

/**
 * Reads the entries that count, and those alone, so that nothing differs if they are applied. Of named tenants that the
 * operator may not see, those are the clients. Throws ConnectError, and {@link ServiceRefusedError}.
 */
export async function readEntries(registry: Registry, { tenant: ids, all = false }: Selection): Promise<Entries> {
  const found = ids === undefined ? await readAllTenants(registry) : await readTenants(registry, ids);
  const left: string[] = [];
  const isTaken = (entry: PrintedEntry, place: string) => {
    const why = entry.shadowed ? "shadowed by the configuration file" : entry.problems?.join("; ");
    if (why !== undefined) left.push(`${place} is left out: ${why}.`);
    return why === undefined && (all || entry.source === "stored");
  };
  const read = new Map<string, JsonObject>();
  const placeOf = ({ id }: Found) => formatPath(["tenants", id]);
  const isSeen = (tenant: Found): tenant is PrintedEntry => {
    if ("source" in tenant) return true;
    left.push(`The settings of ${placeOf(tenant)} are left out: the operator needs the role tenants or read.`);
    return false;
  };
  await inParallel(
    found.filter((tenant) => !("shadowed" in tenant) || isTaken(tenant, placeOf(tenant))),
    async (tenant) => {
      const clients = (await listClients(registry, { tenant: tenant.id }))
        .filter((client) => isTaken(client, formatPath(["tenants", tenant.id, "clients", client.id])))
        .map(({ id, settings }) => [id, settings] as const);
      const settings = isSeen(tenant) && isTaken(tenant, placeOf(tenant)) ? tenant.settings : undefined;
      if (settings === undefined && clients.length === 0) return;
      const members = clients.length === 0 ? {} : { clients: Object.fromEntries(clients) };
      read.set(tenant.id, { ...settings, ...members });
    },
  );
  const sorted = found.flatMap(({ id }) => [id].filter((each) => read.has(each)));
  return { tenants: Object.fromEntries([...new Set(sorted)].map((id) => [id, read.get(id) ?? {}])), left };
}

async function readAllTenants(registry: Registry): Promise<readonly PrintedEntry[]> {
  const found = await unless(Code.PermissionDenied, () => listTenants(registry));
  if (found !== undefined) return found;
  throw new ServiceRefusedError(
    "The operator needs the role tenants or read to see which tenants there are. Use --tenant to export a tenant's clients.",
  );
}

async function readTenants(registry: Registry, ids: readonly string[]): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const id of ids) {
    const read = async () => tenantFromWire((await registry.getTenant({ tenant: id })).tenant);
    found.push((await unless(Code.PermissionDenied, read)) ?? { id });
  }
  return found;
}
