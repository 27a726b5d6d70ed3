import type { Tenant } from "./tenant.ts";

/**
 * Who the tenants and their clients are. Its snapshot is built whole and checked whole, then swapped: whoever asks for a
 * tenant gets one that fits together, and nobody holds it for longer than one operation. Its source is the file.
 */
export class Registry {
  #tenants: ReadonlyMap<string, Tenant>;

  constructor(tenants: Iterable<Tenant>) {
    this.#tenants = byId(tenants);
  }

  /** The tenant of that id as it is configured now; undefined if there is none. */
  tenant(id: string): Tenant | undefined {
    return this.#tenants.get(id);
  }

  /** Every tenant as it is configured now. */
  tenants(): Iterable<Tenant> {
    return this.#tenants.values();
  }

  /** Takes another snapshot, which was checked. Every operation that begins from now on sees it, whole. */
  replace(tenants: Iterable<Tenant>): void {
    this.#tenants = byId(tenants);
  }
}

function byId(tenants: Iterable<Tenant>): ReadonlyMap<string, Tenant> {
  return new Map(Array.from(tenants, (tenant) => [tenant.id, tenant]));
}
