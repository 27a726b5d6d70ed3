import { normalizeUrl } from "../base/url.ts";
import { formatPath, Problems } from "../schema/problems.ts";
import type { Client } from "./tenant.ts";
import type { TenantPart } from "./tenant-part.ts";

/** What is stored and may not be used, as a tenant's issuer is at stake. */
export interface IssuerConflicts {
  /** Why stored tenants are not used, by id. */
  readonly tenants: ReadonlyMap<string, string>;
  /** Why stored clients are not used, by the tenant's id and their own. */
  readonly clients: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** What the file would have to change, one line each. */
  readonly withFile: readonly string[];
}

/**
 * Finds stored tenants with the issuer of another, or with one that a client of the file may name, and stored clients that
 * may name another tenant's issuer. The file's tenants come first; of two stored ones, the older.
 */
export function issuerConflicts(parts: Iterable<TenantPart>): IssuerConflicts {
  const served = [...parts].filter(({ tenant }) => tenant !== undefined);
  const problems = new Problems();
  const tenants = new Map<string, string>();
  const owners = new Map<string, TenantPart>();
  for (const part of served) {
    const other = owners.get(part.issuer) ?? part;
    const [owner, refused] = comesFirst(part, other) ? [part, other] : [other, part];
    owners.set(part.issuer, owner);
    if (owner === refused) continue;
    tenants.set(refused.id, `${placeOf(refused)}: ${isOf(refused.issuer, owner)}`);
    if (owner.inFile !== undefined) problems.at("tenants", owner.id, "issuer").add(isOf(owner.issuer, refused));
  }
  const clients = new Map<string, Map<string, string>>();
  for (const { part, client, issuer, owner } of trespassers(served, owners)) {
    if (part.inFile?.clients.has(client.id)) {
      const other = `the client ${client.id} of the tenant ${part.id} in the file`;
      tenants.set(owner.id, `${placeOf(owner)}: ${other} may name this issuer`);
      problems.at("tenants", part.id, "clients", client.id, "allowedIssuers").add(isOf(issuer, owner));
    } else {
      const refused = clients.get(part.id) ?? new Map<string, string>();
      clients.set(
        part.id,
        refused.set(client.id, `${formatPath(["clients", client.id, "allowedIssuers"])}: ${isOf(issuer, owner)}`),
      );
    }
  }
  return { tenants, clients, withFile: problems.list() };
}

/** Whether what is at stake of a tenant is the same, whatever else has changed: nothing that could cause or end a conflict. */
export function isSameAtStake(part: TenantPart, before: TenantPart | undefined): boolean {
  if (before === undefined || part.naming.length > 0 || before.naming.length > 0) return false;
  const isAsServed = part.issuer === before.issuer && (part.tenant === undefined) === (before.tenant === undefined);
  return isAsServed && part.inFile === before.inFile && createdAt(part) === createdAt(before);
}

/** Clients that may name an issuer of another tenant. */
function* trespassers(served: readonly TenantPart[], owners: ReadonlyMap<string, TenantPart>) {
  for (const part of served) {
    for (const client of part.naming) {
      for (const [issuer, owner] of ownersOf(client, owners)) {
        if (owner.id !== part.id) yield { part, client, issuer, owner };
      }
    }
  }
}

/** Compared as normalized URLs, as some verifiers compare them. */
function ownersOf(
  { allowedIssuers }: Client,
  owners: ReadonlyMap<string, TenantPart>,
): readonly [string, TenantPart][] {
  return [...allowedIssuers].flatMap((issuer) => {
    const owner = owners.get(normalizeUrl(issuer));
    return owner === undefined ? [] : [[issuer, owner]];
  });
}

function comesFirst(one: TenantPart, other: TenantPart): boolean {
  const [first, second] = [createdAt(one), createdAt(other)];
  return first === second ? one.id < other.id : first < second;
}

function createdAt({ stored }: TenantPart): number {
  return stored?.row.record.createdAt ?? Number.NEGATIVE_INFINITY;
}

function placeOf({ id }: TenantPart): string {
  return formatPath(["tenants", id, "issuer"]);
}

function isOf(issuer: string, { id, inFile }: TenantPart): string {
  const which = inFile === undefined ? ", which operators created" : "";
  return `${JSON.stringify(issuer)} is the issuer of the tenant ${id}${which}`;
}
