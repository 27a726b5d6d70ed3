import { PAGE_SIZE, readPages } from "../remote/pages.ts";
import type { PrintedEntry } from "./entries.ts";
import type { Registry } from "./service.ts";

/** The clients of a tenant, sorted by id, up to `limit`; of one id, the one in the file first. */
export async function listClients(
  registry: Registry,
  whose: { readonly tenant: string; readonly filter?: string },
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly PrintedEntry[]> {
  const { clientFromWire } = await import("./wire.ts");
  const pageSize = Math.min(limit, PAGE_SIZE);
  return readPages(limit, async (pageToken = "") => {
    const { clients, nextPageToken } = await registry.listClients({ ...whose, pageSize, pageToken });
    return { entries: clients.map(clientFromWire), next: nextPageToken || undefined };
  });
}

/** The tenants that the operator may act for, sorted by id, up to `limit`; of one id, the one in the file first. */
export async function listTenants(
  registry: Registry,
  { filter = "" }: { readonly filter?: string } = {},
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly PrintedEntry[]> {
  const { tenantFromWire } = await import("./wire.ts");
  const pageSize = Math.min(limit, PAGE_SIZE);
  return readPages(limit, async (pageToken = "") => {
    const { tenants, nextPageToken } = await registry.listTenants({ filter, pageSize, pageToken });
    return { entries: tenants.map(tenantFromWire), next: nextPageToken || undefined };
  });
}
