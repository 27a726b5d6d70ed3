import type { Tenant } from "./tenant.ts";

/**
 * The tenants and their clients. A snapshot is built and checked as a whole, then swapped in, so a tenant is always
 * consistent. No caller may keep a tenant for longer than one operation. The configuration file is its source.
 */
export class Registry {
  #tenants: ReadonlyMap<string, Tenant>;

  constructor(tenants: Iterable<Tenant>) {
    this.#tenants = byId(tenants);
  }

  /** The tenant with that id, as configured now; undefined if there is none. */
  tenant(id: string): Tenant | undefined {
    return this.#tenants.get(id);
  }

  /** All tenants, as configured now. */
  tenants(): Iterable<Tenant> {
    return this.#tenants.values();
  }

  /** Swaps in another snapshot, which must have been checked. Every operation that begins afterwards sees all of it. */
  replace(tenants: Iterable<Tenant>): void {
    this.#tenants = byId(tenants);
  }
}

function byId(tenants: Iterable<Tenant>): ReadonlyMap<string, Tenant> {
  return new Map(Array.from(tenants, (tenant) => [tenant.id, tenant]));
}
