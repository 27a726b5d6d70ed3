import { Code } from "@connectrpc/connect";
import type { PrintedEntry } from "../registry/entries.ts";
import { listClients, listTenants } from "../registry/lists.ts";
import type { Registry } from "../registry/service.ts";
import { tenantFromWire } from "../registry/wire.ts";
import { wireOptions } from "../registry/write.ts";
import { inParallel } from "./parallel.ts";
import { unless } from "./unless.ts";
import type { Wanted, WantedTenant } from "./wanted.ts";

/** A tenant as the service has it. */
export interface PresentTenant {
  /** The entry that counts; undefined if nothing that is wanted depends on it. */
  readonly entry: PrintedEntry | undefined;
  /** The entries that count, by the clients' ids. */
  readonly clients: ReadonlyMap<string, PrintedEntry>;
  /** The hashes of secrets that are wanted, and that these clients in the store do not have. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
}

/** What the service has, by the tenants' ids. */
export type Present = ReadonlyMap<string, PresentTenant>;

/**
 * Reads what the service has of what is wanted and, if the rest is to be deleted, of all other tenants in the store. An
 * operator needs no role for tenants if only clients are wanted; `onUnseen` is called if it may not see the other tenants.
 * Throws ConnectError.
 */
export async function readPresent(
  registry: Registry,
  wanted: Wanted,
  { isPruning, onUnseen }: { readonly isPruning: boolean; readonly onUnseen: () => void },
): Promise<Present> {
  const present = new Map<string, PresentTenant>();
  await inParallel([...wanted], async ([id, tenant]) => {
    const there = await unless(Code.NotFound, () => readTenant(registry, id, tenant));
    if (there !== undefined) present.set(id, there);
  });
  if (!isPruning) return present;
  const all = await unless(Code.PermissionDenied, () => listTenants(registry));
  if (all === undefined) onUnseen();
  const others = (all ?? []).filter(({ id, source, shadowed }) => source === "stored" && !shadowed && !wanted.has(id));
  await inParallel(others, async (entry) => {
    present.set(entry.id, { entry, clients: await clientsOf(registry, entry.id), missing: new Map() });
  });
  return present;
}

async function readTenant(registry: Registry, id: string, wanted: WantedTenant): Promise<PresentTenant> {
  const withEntry = wanted.settings !== undefined;
  const entry = withEntry ? tenantFromWire((await registry.getTenant({ tenant: id })).tenant) : undefined;
  const clients = await clientsOf(registry, id);
  const missing = new Map<string, readonly string[]>();
  await inParallel([...wanted.clients], async ([client, { hashes = [] }]) => {
    const there = clients.get(client);
    if (there?.source === "stored") missing.set(client, await missingOf(registry, id, there, hashes));
  });
  return { entry, clients, missing };
}

/** The service tells no hash, but whether a client would get another secret by one. */
async function missingOf(registry: Registry, tenant: string, there: PrintedEntry, hashes: readonly string[]) {
  const missing: string[] = [];
  for (const hash of hashes) {
    const request = { tenant, client: there.id, hash, options: wireOptions({ dryRun: true }) };
    const { secretId } = await registry.addClientSecret(request);
    if (!there.secrets?.some(({ id }) => id === secretId)) missing.push(hash);
  }
  return missing;
}

/** Of one id, the entry that counts is the first. */
async function clientsOf(registry: Registry, tenant: string): Promise<ReadonlyMap<string, PrintedEntry>> {
  const clients = await listClients(registry, { tenant });
  return new Map(clients.filter(({ shadowed }) => !shadowed).map((client) => [client.id, client]));
}
