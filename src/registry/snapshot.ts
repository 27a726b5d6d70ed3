import type { FilePart } from "./file-part.ts";
import { issuerConflicts } from "./issuer-conflicts.ts";
import { NOTHING_STORED, type StoredPart } from "./stored-part.ts";
import type { Tenant } from "./tenant.ts";
import { buildTenantPart, type TenantPart, withoutClients, withoutTenant } from "./tenant-part.ts";

/** The tenants and clients of both sources, as of one moment. Never changes: a change makes another snapshot. */
export interface Snapshot {
  readonly file: FilePart;
  readonly stored: StoredPart;
  /** Every tenant that either source knows, by id, each as if there were no other. */
  readonly built: ReadonlyMap<string, TenantPart>;
  /** The same, as they are served beside each other. */
  readonly parts: ReadonlyMap<string, TenantPart>;
  /** The tenants that are served, by id. */
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** What the file says against what is stored, one line each. What is stored is not used there. */
  readonly conflicts: readonly string[];
}

/**
 * Lays the file over what is stored. What has not changed since the previous snapshot is taken from it. `unusable`: why
 * stored tenants cannot be served although their entries are right, by id.
 */
export function buildSnapshot(
  file: FilePart,
  stored: StoredPart = NOTHING_STORED,
  previous?: Snapshot,
  unusable: ReadonlyMap<string, string> = new Map(),
): Snapshot {
  const built = new Map<string, TenantPart>();
  for (const id of new Set([...file.tenants.keys(), ...stored.keys()])) {
    built.set(id, buildTenantPart(id, file, stored.get(id), previous?.built.get(id)));
  }
  const conflicts = issuerConflicts(built.values());
  const parts = new Map(built);
  for (const [id, clients] of conflicts.clients) change(parts, id, (part) => withoutClients(part, clients));
  for (const [id, problem] of [...conflicts.tenants, ...unusable])
    change(parts, id, (part) => withoutTenant(part, problem));
  const tenants = new Map<string, Tenant>();
  for (const [id, { tenant }] of parts) if (tenant !== undefined) tenants.set(id, tenant);
  return { file, stored, built, parts, tenants, conflicts: conflicts.withFile };
}

function change(parts: Map<string, TenantPart>, id: string, to: (part: TenantPart) => TenantPart): void {
  const part = parts.get(id);
  if (part !== undefined) parts.set(id, to(part));
}
