import type { TenantParts } from "../engine/context.ts";
import { provenStore } from "../engine/proven-store.ts";
import { recordLifetimes } from "../engine/tokens/revoke-subject.ts";
import { type KeyringDependencies, type KeyringTenant, openKeyring } from "../keyring/index.ts";
import { SealError } from "../keyring/seal.ts";
import type { Registry } from "../registry/registry.ts";
import type { Snapshot } from "../registry/snapshot.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { Store } from "../store/port.ts";

/** What every tenant of a node shares. */
type SharedParts = Omit<TenantParts, "id" | "keyring" | "storeFor">;

/** What opening tenants needs. */
interface OpenTenantsDependencies {
  readonly registry: Registry;
  readonly store: Store;
  readonly shared: SharedParts;
  readonly keyrings: KeyringDependencies;
}

/** The tenants of a node whose keys are open: those that are served, and those that were. */
export class OpenTenants {
  readonly #dependencies: OpenTenantsDependencies;
  readonly #parts = new Map<string, TenantParts>();

  constructor(dependencies: OpenTenantsDependencies) {
    this.#dependencies = dependencies;
  }

  /** By id. */
  get parts(): ReadonlyMap<string, TenantParts> {
    return this.#parts;
  }

  /** Creates the keys that the schedule requires, of every tenant that is served: any other signs nothing. */
  async pollKeys(): Promise<void> {
    const { registry } = this.#dependencies;
    const served = [...this.#parts.values()].filter(({ id }) => registry.tenant(id) !== undefined);
    await Promise.all(served.map(({ keyring }) => keyring.poll()));
  }

  /**
   * Makes ready what the tenants of a snapshot need before they are served: their lifetimes are recorded and their keys
   * are open and, if `makesKeys`, there. Resolves to why stored tenants cannot be served, by id. Throws SealError if a key
   * of a tenant in the file does not open, and StoreUnavailableError, without any effect on what is served.
   */
  async prepare({ tenants, parts }: Snapshot, makesKeys: boolean): Promise<ReadonlyMap<string, string>> {
    const unusable = new Map<string, string>();
    const open = async (tenant: Tenant) => {
      try {
        return await this.#open(tenant);
      } catch (error) {
        // One tenant that somebody made at run time must not keep the others from being served.
        if (!(error instanceof SealError) || parts.get(tenant.id)?.inFile !== undefined) throw error;
        unusable.set(tenant.id, error.message);
        return undefined;
      }
    };
    const { registry, store } = this.#dependencies;
    const [added, kept] = divide(tenants.values(), ({ id }) => this.#parts.has(id));
    const opened = (await Promise.all(added.map(open))).filter((one) => one !== undefined);
    const changed = kept.filter((tenant) => tenant !== registry.tenant(tenant.id));
    // Before the first token of a longer lifetime is minted, as opening does for the new ones.
    await Promise.all(changed.map((tenant) => recordLifetimes(tenant, store.forTenant(tenant.id).meta)));
    // One that was left out has not read its keys since.
    const returning = kept.filter(({ id }) => registry.tenant(id) === undefined);
    await Promise.all(returning.map(({ id }) => this.#parts.get(id)?.keyring.read()));
    if (makesKeys) await Promise.all(opened.map(({ keyring }) => keyring.poll()));
    for (const one of opened) this.#parts.set(one.id, one);
    return unusable;
  }

  async #open(tenant: Tenant): Promise<TenantParts> {
    const { registry, store, shared, keyrings } = this.#dependencies;
    const { id } = tenant;
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
    const keyring = await openKeyring(id, current, tenantStore, keyrings);
    return { ...shared, id, keyring, storeFor: provenStore(tenantStore, { tenant: id, keyring, clock: shared.clock }) };
  }
}

/** What a keyring reads of its tenant: no clients and no secrets. */
function keyringPart({ signing, refreshKeyRotateEvery }: Tenant): KeyringTenant {
  return { signing, refreshKeyRotateEvery };
}

/** Those that are not, and those that are. */
function divide<T>(all: Iterable<T>, is: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  const groups = Map.groupBy(all, is);
  return [groups.get(false) ?? [], groups.get(true) ?? []];
}
