import type { FilePart } from "./file-part.ts";
import { type IssuerConflicts, isSameAtStake, issuerConflicts } from "./issuer-conflicts.ts";
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
  /** What may not be used, as a tenant's issuer is at stake. */
  readonly atStake: IssuerConflicts;
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
  const { built, changed } = buildParts(file, stored, previous);
  const isAsBefore = changed?.every((part) => isSameAtStake(part, previous?.built.get(part.id)));
  const atStake = (isAsBefore && previous?.atStake) || issuerConflicts(built.values());
  const parts = new Map(built);
  for (const [id, clients] of atStake.clients) change(parts, id, (part) => withoutClients(part, clients));
  for (const [id, problem] of [...atStake.tenants, ...unusable])
    change(parts, id, (part) => withoutTenant(part, problem));
  const tenants = new Map<string, Tenant>();
  for (const [id, { tenant }] of parts) if (tenant !== undefined) tenants.set(id, tenant);
  return { file, stored, built, parts, tenants, atStake, conflicts: atStake.withFile };
}

/**
 * Builds every tenant. If the file is the same and no tenant is gone, it builds those of which something else is stored, and
 * `changed` has them.
 */
function buildParts(file: FilePart, stored: StoredPart, previous: Snapshot | undefined) {
  const build = (id: string) => buildTenantPart(id, file, stored.get(id), previous?.built.get(id));
  if (previous?.file !== file || previous.stored.keys().some((id) => !stored.has(id))) {
    const ids = new Set([...file.tenants.keys(), ...stored.keys()]);
    return { built: new Map(Array.from(ids, (id) => [id, build(id)])), changed: undefined };
  }
  const changed: TenantPart[] = [];
  for (const [id, rows] of stored) if (rows !== previous.stored.get(id)) changed.push(build(id));
  const built = new Map(previous.built);
  for (const part of changed) built.set(part.id, part);
  return { built, changed };
}

function change(parts: Map<string, TenantPart>, id: string, to: (part: TenantPart) => TenantPart): void {
  const part = parts.get(id);
  if (part !== undefined) parts.set(id, to(part));
}
