import type { Instant } from "../base/clock.ts";
import type { TenantHandle, TenantParts } from "../engine/context.ts";
import { KeyUnavailableError } from "../keyring/port.ts";
import type { SealsSeen } from "../keyring/rotator.ts";
import { SealError } from "../keyring/seal.ts";

/** Opens a tenant's keys. Resolves to undefined if it is not served. Throws SealError, and StoreUnavailableError. */
type Open = (tenant: LazyTenant) => Promise<TenantParts | undefined>;

/** One tenant of a node. Its keys are open while it is used, and leave memory with its parts once it is closed. */
export class LazyTenant implements TenantHandle {
  readonly id: string;
  readonly grants: TenantParts["grants"];
  readonly seals: SealsSeen = { wasComplete: false };
  /** When its keys are looked after although nobody uses it. */
  lookAt: Instant;
  readonly #open: Open;
  #parts: TenantParts | undefined;
  #opening: Promise<TenantParts | undefined> | undefined;
  /** Whether somebody has used it since {@link usedBy}: a request tells no time, as it must not take any. */
  #wasUsed = false;
  #usedAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(id: string, grants: TenantParts["grants"], lookAt: Instant, open: Open) {
    this.id = id;
    this.grants = grants;
    this.lookAt = lookAt;
    this.#open = open;
  }

  use(): TenantParts | undefined {
    this.#wasUsed = true;
    return this.#parts;
  }

  async ready(): Promise<TenantParts | undefined> {
    try {
      return await this.open();
    } catch (error) {
      // That is told of once, and is not the caller's fault.
      throw error instanceof SealError ? new KeyUnavailableError("A key does not open.", { cause: error }) : error;
    }
  }

  /** The same, but throws SealError if a key does not open. */
  async open(): Promise<TenantParts | undefined> {
    if (this.#parts !== undefined) return this.#parts;
    this.#opening ??= this.#open(this).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Its parts, if it is open. */
  get parts(): TenantParts | undefined {
    return this.#parts;
  }

  /** Whether it is about to be open: what its keys are is being read. */
  get isOpening(): boolean {
    return this.#opening !== undefined;
  }

  /** Lets requests have its parts. */
  opened(parts: TenantParts): void {
    this.#parts = parts;
  }

  /** Forgets its parts. Requests that have them go on with them. */
  close(lookAt: Instant): void {
    this.#parts = undefined;
    this.lookAt = lookAt;
  }

  /** When it was last used, as far as is known `now`. */
  usedBy(now: Instant): Instant {
    if (this.#wasUsed) this.#usedAt = now;
    this.#wasUsed = false;
    return this.#usedAt;
  }
}
