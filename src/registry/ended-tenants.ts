import { type Clock, FOREVER, type Instant } from "../base/clock.ts";
import type { RegistrationRecord, RegistrationStore } from "../store/registration-port.ts";
import { formatDocument, NOTHING_WRITTEN } from "./document.ts";
import type { Keeping } from "./keeping.ts";
import type { Registry } from "./registry.ts";
import type { RowMaker } from "./row-maker.ts";
import type { TenantPart } from "./tenant-part.ts";

/** What finishing the end of tenants needs. */
interface EndedTenantsDependencies {
  readonly registry: Pick<Registry, "snapshot">;
  readonly store: RegistrationStore;
  readonly rows: RowMaker;
  readonly keeping: Keeping;
  /** Recorded durably before it is used: what is deleted cannot come back if the clock was wrong. */
  readonly clock: { now(): Instant | ReturnType<Clock["now"]> | Promise<Instant> };
  /** Deletes the keys of a tenant that were made up to a time. */
  readonly forgetKeys: (tenant: string, createdUpTo: Instant) => Promise<void>;
  /** Hears of a tenant of which nothing is left. */
  readonly tell: (tenant: string) => void;
}

/**
 * Finishes what the deletion of a tenant has begun, on any node, and as often as it takes: its clients go at once; its keys,
 * once none of its tokens can be alive; and then the tombstone that keeps its name.
 */
export class EndedTenants {
  readonly #dependencies: EndedTenantsDependencies;

  constructor(dependencies: EndedTenantsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Does what can be done now. Once `signal` aborts, the rest waits for the next run. Throws StoreUnavailableError. */
  async finish(signal?: AbortSignal): Promise<void> {
    for (const part of this.#dependencies.registry.snapshot.parts.values()) {
      const { ended } = part.rows;
      if (signal?.aborted) return;
      if (ended?.record.purgeAt === FOREVER) await this.#finishOne(part, ended.record, signal);
    }
  }

  async #finishOne(part: TenantPart, tombstone: RegistrationRecord, signal: AbortSignal | undefined): Promise<void> {
    const { keeping, clock, forgetKeys, tell } = this.#dependencies;
    const { id, deletedAt = FOREVER } = tombstone;
    if (!(await this.#endClients(part, signal))) return;
    const until = await keeping.until(id, deletedAt);
    // Its keys are those of the file's tenant now.
    if (part.inFile !== undefined) return void (await this.#purge(tombstone, until));
    const now = await clock.now();
    if (now <= until || !(await this.#isThere(tombstone))) return;
    await forgetKeys(id, keeping.servedUntil(deletedAt));
    if (await this.#purge(tombstone, now)) tell(id);
  }

  /** Resolves to whether none is left. */
  async #endClients({ rows, registered }: TenantPart, signal: AbortSignal | undefined): Promise<boolean> {
    const { store, rows: maker, keeping, clock } = this.#dependencies;
    const dead = [...rows.clients.values()].filter(({ record }) => !registered.has(record.id));
    for (const { record } of dead) {
      if (signal?.aborted) return false;
      const purgeAt = await keeping.until(record.tenant, await clock.now());
      await store.put(maker.tombstone(record, formatDocument(NOTHING_WRITTEN), purgeAt), record.etag);
    }
    // If there were any, the next run sees whether somebody else has changed one meanwhile.
    return dead.length === 0;
  }

  /** Whether nobody has done anything to it since this node has read it. */
  async #isThere({ etag, kind, tenant, id }: RegistrationRecord): Promise<boolean> {
    return (await this.#dependencies.store.find({ kind, tenant, id }))?.etag === etag;
  }

  /** Lets the tombstone go then. Resolves to whether this did. */
  async #purge(tombstone: RegistrationRecord, purgeAt: Instant): Promise<boolean> {
    const { store, rows } = this.#dependencies;
    return "revision" in (await store.put(rows.purged(tombstone, purgeAt), tombstone.etag));
  }
}
