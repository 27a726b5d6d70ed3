import type { Clock, Instant } from "../base/clock.ts";
import { UnavailableError } from "../base/unavailable.ts";
import { defaultRateLimits } from "./schema-rate-limits.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Realm, Tenant } from "./tenant.ts";

/** This node could not read the registrations for so long that a client may have been disabled since. */
class StaleRegistryError extends UnavailableError {
  override readonly name = "StaleRegistryError";
  override readonly description = "This node could not read its clients for too long. Try again.";
  /** The job that reads them logs why it cannot. */
  override readonly isLogged = true;
}

/** The longest secret that a tenant may accept, in characters: an operator's may be of any tenant. */
const LONGEST_CREDENTIAL = 1024;

/**
 * The tenants and their clients. A snapshot is built and checked as a whole, then swapped in, so a tenant is always
 * consistent. No caller may keep a tenant for longer than one operation.
 */
export class Registry {
  readonly #clock: Pick<Clock, "now">;
  readonly #maxStaleness: number;
  #snapshot: Snapshot;
  #readAt: Instant = Number.NEGATIVE_INFINITY;

  /** Is stale until {@link confirm}. `maxStaleness`: how old what was read may become, in milliseconds. */
  constructor(snapshot: Snapshot, clock: Pick<Clock, "now">, maxStaleness: number) {
    this.#snapshot = snapshot;
    this.#clock = clock;
    this.#maxStaleness = maxStaleness;
  }

  /** The tenant with that id, as it is now; undefined if there is none. */
  tenant(id: string): Tenant | undefined {
    return this.#snapshot.tenants.get(id);
  }

  /** All tenants, as they are now. */
  tenants(): Iterable<Tenant> {
    return this.#snapshot.tenants.values();
  }

  /** Where the operators of all tenants prove who they are, for requests that are of no tenant. No tenant has its id. */
  get instance(): Realm {
    const operators = this.#snapshot.file.rules.operators.all;
    return { id: "", operators, rateLimits: defaultRateLimits, limits: { credentialLength: LONGEST_CREDENTIAL } };
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Swaps in another snapshot, which must have been checked. Every operation that begins afterwards sees all of it. */
  replace(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
  }

  /** Says that the snapshot has everything that was stored when a read began. */
  confirm(readAt: Instant): void {
    this.#readAt = readAt;
  }

  /** Throws {@link StaleRegistryError} if what is stored was last read too long ago. */
  assertFresh(): void {
    if (this.isStale()) throw new StaleRegistryError("What is stored was last read too long ago.");
  }

  /** Whether what is stored was last read too long ago. Throws ClockOffError. */
  isStale(): boolean {
    return this.#clock.now() - this.#readAt > this.#maxStaleness;
  }
}
