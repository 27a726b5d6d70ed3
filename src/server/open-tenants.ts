import { isDeepStrictEqual } from "node:util";
import type { Instant } from "../base/clock.ts";
import { fraction } from "../base/random.ts";
import type { TenantParts } from "../engine/context.ts";
import { recordLifetimes } from "../engine/tokens/revoke-subject.ts";
import { SealError } from "../keyring/seal.ts";
import type { Snapshot } from "../registry/snapshot.ts";
import type { Tenant } from "../registry/tenant.ts";
import { LazyTenant } from "./lazy-tenant.ts";
import { keyringPart, type OpeningDependencies, TenantOpener } from "./tenant-opener.ts";

/** What a node does with tenants that nobody uses. Times in milliseconds. */
export interface Idleness {
  /** How many it opens before anyone uses them, and keeps open: all, if there are few. */
  readonly keepsOpen: number;
  /** After how long without a use any other is closed. */
  readonly closesAfter: number;
  /** By when it has looked after the keys of every tenant since the start. */
  readonly firstLookWithin: number;
  /** How often it looks after the keys of a closed tenant though none is due: somebody may have revoked one. */
  readonly looksEvery: number;
}

const IDLENESS: Idleness = {
  keepsOpen: 100,
  closesAfter: 15 * 60_000,
  firstLookWithin: 3_600_000,
  looksEvery: 86_400_000,
};

/** How soon a look that failed is repeated, in milliseconds. */
const LOOK_AGAIN = 60_000;

/** How many closed tenants are looked after in one run: few enough that requests and the other jobs have their turn. */
const MAX_LOOKS = 20;

/** The tenants of a node. Their keys are open while they are used. */
export class OpenTenants {
  readonly #dependencies: OpeningDependencies;
  readonly #opener: TenantOpener;
  readonly #idleness: Idleness;
  /** All that were ever served, by id: little of each. */
  readonly #all = new Map<string, LazyTenant>();
  readonly #parts = new Map<string, TenantParts>();

  constructor(dependencies: OpeningDependencies, idleness: Idleness = IDLENESS) {
    this.#dependencies = dependencies;
    this.#opener = new TenantOpener(dependencies);
    this.#idleness = idleness;
  }

  /** The parts of those that are open, by id. */
  get parts(): ReadonlyMap<string, TenantParts> {
    return this.#parts;
  }

  /** Why the keys of tenants that are served do not open, by id. */
  get broken(): ReadonlyMap<string, string> {
    return this.#opener.broken;
  }

  /** The tenant with that id, which the registry knows. */
  get(id: string): LazyTenant {
    const known = this.#all.get(id);
    if (known !== undefined) return known;
    const { shared, keyrings } = this.#dependencies;
    const lookAt = shared.clock.now() + this.#idleness.firstLookWithin * fraction(keyrings.random);
    const tenant = new LazyTenant(id, shared.grants, lookAt, (lazy) =>
      this.#opener.open(lazy, (parts) => {
        lazy.opened(parts);
        this.#parts.set(id, parts);
      }),
    );
    this.#all.set(id, tenant);
    return tenant;
  }

  /**
   * Reads the keys of every tenant that is open and served, and creates those that the schedule requires. From the first
   * time on, opening a tenant does so too.
   */
  async pollKeys(): Promise<void> {
    this.#opener.makesKeys = true;
    const { registry } = this.#dependencies;
    const served = [...this.#parts.values()].filter(({ id }) => registry.tenant(id) !== undefined);
    await Promise.all(served.map(({ id, keyring }) => this.#opener.noting(id, () => keyring.poll())));
  }

  /**
   * Closes tenants that nobody uses, and looks after the keys of closed ones: of those that have one due, and of the
   * others now and then. A node knows from its last look when a key is due, so that most runs ask the store for nothing.
   */
  async tendIdle(signal?: AbortSignal): Promise<void> {
    const now = this.#dependencies.shared.clock.now();
    this.#closeIdle(now);
    for (const tenant of this.#closedToLookAfter(now)) {
      if (signal?.aborted) return;
      tenant.lookAt = now + LOOK_AGAIN;
      await tenant.open().catch(ignoreSealErrors);
    }
  }

  /**
   * Makes ready what the tenants of a snapshot need before they are served: their lifetimes are recorded and their keys
   * are open and, if keys are made, there. If there are many, that happens when they are first used. Resolves to why
   * stored tenants cannot be served, by id. Throws SealError if a key of a tenant in the file does not open, and
   * StoreUnavailableError, without any effect on what is served.
   */
  async prepare(next: Snapshot): Promise<ReadonlyMap<string, string>> {
    this.#opener.prepared = next;
    const { registry } = this.#dependencies;
    const [added, known] = divide(next.tenants.values(), ({ id }) => this.#all.has(id));
    const changed = known.filter((tenant) => tenant !== registry.tenant(tenant.id));
    await Promise.all(changed.map((tenant) => this.#prepareChange(tenant, registry.tenant(tenant.id))));
    const unusable = new Map<string, string>();
    const open = async ({ id }: Tenant) => {
      try {
        await this.get(id).open();
      } catch (error) {
        this.#all.delete(id);
        // One tenant that somebody made at run time must not keep the others from being served.
        if (!(error instanceof SealError) || next.parts.get(id)?.inFile !== undefined) throw error;
        unusable.set(id, error.message);
      }
    };
    const { keepsOpen } = this.#idleness;
    await Promise.all(added.slice(0, keepsOpen).map(open));
    for (const { id } of added.slice(keepsOpen)) this.get(id);
    return unusable;
  }

  async #prepareChange(tenant: Tenant, before: Tenant | undefined): Promise<void> {
    const lazy = this.get(tenant.id);
    if (before === undefined || !isDeepStrictEqual(keyringPart(before), keyringPart(tenant))) lazy.lookAt = 0;
    // Otherwise, opening does what is left.
    if (lazy.parts === undefined) return;
    // Before the first token of a longer lifetime is minted.
    await recordLifetimes(tenant, this.#dependencies.store.forTenant(tenant.id).meta);
    // One that was left out has not read its keys since.
    if (before === undefined) await lazy.parts?.keyring.read();
  }

  /** The longest unused first, down to those that stay open. */
  #closeIdle(now: Instant): void {
    const { registry } = this.#dependencies;
    const { keepsOpen, closesAfter, looksEvery } = this.#idleness;
    const open = [...this.#parts.values()].map((parts) => ({ parts, lazy: this.get(parts.id) }));
    const byUse = open
      .map((one) => ({ ...one, usedAt: one.lazy.usedBy(now) }))
      .toSorted((one, other) => one.usedAt - other.usedAt);
    for (const { lazy, parts, usedAt } of byUse) {
      const isIdle = usedAt + closesAfter <= now && this.#parts.size > keepsOpen;
      if (!isIdle && registry.tenant(lazy.id) !== undefined) continue;
      lazy.close(Math.min(parts.keyring.dueAt(now), now + looksEvery));
      this.#parts.delete(lazy.id);
    }
  }

  /** The longest due first. */
  #closedToLookAfter(now: Instant): readonly LazyTenant[] {
    const due: LazyTenant[] = [];
    for (const { id } of this.#dependencies.registry.tenants()) {
      const tenant = this.get(id);
      if (tenant.parts === undefined && tenant.lookAt <= now) due.push(tenant);
    }
    return due.toSorted((one, other) => one.lookAt - other.lookAt).slice(0, MAX_LOOKS);
  }
}

/** Those that are not, and those that are. */
function divide<T>(all: Iterable<T>, is: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  const groups = Map.groupBy(all, is);
  return [groups.get(false) ?? [], groups.get(true) ?? []];
}

/** They are told of, and concern one tenant alone. */
function ignoreSealErrors(error: unknown): void {
  if (!(error instanceof SealError)) throw error;
}
