import type { TenantParts } from "../engine/context.ts";
import { provenStore } from "../engine/proven-store.ts";
import { recordLifetimes } from "../engine/tokens/revoke-subject.ts";
import { type KeyringDependencies, type KeyringTenant, openKeyring } from "../keyring/index.ts";
import { SealError } from "../keyring/seal.ts";
import type { Registry } from "../registry/registry.ts";
import type { Snapshot } from "../registry/snapshot.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { Store } from "../store/port.ts";
import type { LazyTenant } from "./lazy-tenant.ts";

/** What every tenant of a node shares. */
type SharedParts = Omit<TenantParts, "id" | "keyring" | "storeFor">;

/** What opening tenants needs. */
export interface OpeningDependencies {
  readonly registry: Registry;
  readonly store: Store;
  readonly shared: SharedParts;
  readonly keyrings: KeyringDependencies;
}

/** Opens tenants, and knows which of them do not open. */
export class TenantOpener {
  /** Whether opening makes keys that are due: once all that a start opens are open. */
  makesKeys = false;
  /** What is served, or will be soon. */
  prepared: Snapshot | undefined;
  readonly #dependencies: OpeningDependencies;
  /** Why keys do not open, by their tenant. */
  readonly #broken = new Map<string, string>();

  constructor(dependencies: OpeningDependencies) {
    this.#dependencies = dependencies;
  }

  /** Why the keys of tenants that are served do not open, by id. */
  get broken(): ReadonlyMap<string, string> {
    const { registry } = this.#dependencies;
    return new Map([...this.#broken].filter(([id]) => registry.tenant(id) !== undefined));
  }

  /**
   * Opens a tenant's keys, and lets `opened` have its parts at once. Resolves to undefined if it is not served. Throws
   * StoreUnavailableError, and SealError if a stored key does not open.
   */
  async open({ id, seals }: LazyTenant, opened: (parts: TenantParts) => void): Promise<TenantParts | undefined> {
    const { registry, store, shared, keyrings } = this.#dependencies;
    const tenant = registry.tenant(id) ?? this.prepared?.tenants.get(id);
    if (tenant === undefined) return undefined;
    const tenantStore = store.forTenant(id);
    await recordLifetimes(tenant, tenantStore.meta);
    // If the tenant is left out, its keys keep their last policy, and nothing else of it: its tokens are still verified
    // elsewhere.
    let latest = keyringPart(tenant);
    const current = () => {
      const configured = registry.tenant(id);
      if (configured !== undefined) latest = keyringPart(configured);
      return latest;
    };
    const opening = { makesKeys: this.makesKeys, seals };
    const keyring = await this.noting(id, () => openKeyring(id, current, tenantStore, keyrings, opening));
    const recorded = new Set([tenant]);
    for (const other of this.#configured(id, recorded)) {
      await recordLifetimes(other, tenantStore.meta);
      recorded.add(other);
    }
    const storeFor = provenStore(tenantStore, { tenant: id, keyring, clock: shared.clock });
    const parts = { ...shared, id, keyring, storeFor };
    // In the same turn: whoever prepares another snapshot from now on finds the tenant open.
    opened(parts);
    return parts;
  }

  /** Reads keys of a tenant, and notes whether they open. */
  async noting<T>(id: string, read: () => Promise<T>): Promise<T> {
    try {
      const result = await read();
      this.#broken.delete(id);
      return result;
    } catch (error) {
      if (error instanceof SealError) this.#tellBroken(id, error.message);
      throw error;
    }
  }

  /** The tenant as it is configured now, and as it is about to be, but for those: other snapshots may come meanwhile. */
  *#configured(id: string, except: ReadonlySet<Tenant>): Generator<Tenant> {
    const all = () => [this.#dependencies.registry.tenant(id), this.prepared?.tenants.get(id)];
    const find = () => all().find((tenant) => tenant !== undefined && !except.has(tenant));
    for (let next = find(); next !== undefined; next = find()) yield next;
  }

  /** Once: it is tried again and again. */
  #tellBroken(tenant: string, problem: string): void {
    if (this.#broken.get(tenant) === problem) return;
    this.#broken.set(tenant, problem);
    this.#dependencies.keyrings.emit({ event: "keys_unusable", tenant, problem });
  }
}

/** What a keyring reads of its tenant: no clients and no secrets. */
export function keyringPart({ signing, refreshKeyRotateEvery }: Tenant): KeyringTenant {
  return { signing, refreshKeyRotateEvery };
}
