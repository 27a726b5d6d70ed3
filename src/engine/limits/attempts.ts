import { hostNetwork } from "../../base/address.ts";
import type { Clock, Instant } from "../../base/clock.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { LimitName, Tenant } from "../../registry/tenant.ts";
import type { TallyStore } from "../../store/port.ts";
import { RateLimitedError } from "../rate-limited.ts";
import { type Claim, Windows } from "./windows.ts";

/** How many counts of failures are remembered, and how many sources that have proven who they are. */
const MAX_REMEMBERED = 16_384;

/** Someone who tries to prove who it is. */
export interface Attempt {
  readonly tenant: Tenant;
  readonly role: "client" | "operator";
  /** Undefined if no client or operator of that id is configured: whatever names are invented, they are one source. */
  readonly id: string | undefined;
  /** Where it comes from. Undefined: nothing is counted. */
  readonly address: string | undefined;
}

/**
 * Limits the attempts to authenticate that fail, by `failed_authentication_per_client` and
 * `failed_authentication_per_address`. Both count for the network of an address: a wrong secret never keeps anyone out
 * who comes from elsewhere. Whoever has proven who it is from a network is held up there by its own failures alone, not
 * by those of its neighbours.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #failures = new Windows(MAX_REMEMBERED);
  readonly #proven = new LruMap<string, true>(MAX_REMEMBERED);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Lets an attempt be made, and counts it if it fails. `prove` resolves to whether it succeeds; nothing is counted if
   * it throws. Throws {@link RateLimitedError} if too many attempts have failed: then `prove` is not called, so that a
   * right secret cannot be told from a wrong one.
   */
  make(attempt: Attempt, prove: () => Promise<boolean>): Promise<boolean> {
    const { address } = attempt;
    return address === undefined ? prove() : this.#makeCounted(attempt, address, prove);
  }

  async #makeCounted(attempt: Attempt, address: string, prove: () => Promise<boolean>): Promise<boolean> {
    const source = sourceOf(attempt, address);
    const claims = this.#claimsOf(attempt, address, source);
    const begun = this.#clock.now();
    if (this.#failures.isUsedUp(claims, begun)) throw this.#refusal(attempt, claims, begun);
    const isRight = await prove();
    if (isRight) {
      this.#proven.set(source, true);
      return true;
    }
    const failed = this.#clock.now();
    // Others may have failed in the meantime: no more are told that they were wrong than the limit allows.
    if (!this.#failures.take(claims, failed)) throw this.#refusal(attempt, claims, failed);
    return false;
  }

  /** See {@link Windows.exchange}. */
  exchange(tallies: TallyStore): Promise<void> {
    return this.#failures.exchange(tallies);
  }

  #claimsOf({ tenant }: Attempt, address: string, source: string): readonly Claim[] {
    const { rateLimits } = tenant;
    const counted = (limit: LimitName, key: string) => rateLimits[limit].map((rate) => ({ limit, rate, key }));
    const own = counted("failed_authentication_per_client", source);
    if (this.#proven.get(source)) return own;
    return [...own, ...counted("failed_authentication_per_address", JSON.stringify([tenant.id, hostNetwork(address)]))];
  }

  /** `now`: the reading by which it was decided, as a later one may be in another window. */
  #refusal({ role, id }: Attempt, claims: readonly Claim[], now: Instant): RateLimitedError {
    return new RateLimitedError(this.#failures.quotas(claims, now), { [role]: id });
  }
}

/** An id is unique in its tenant; an operator's in all of them, as several may list the same operator. */
function sourceOf({ tenant, role, id }: Attempt, address: string): string {
  return JSON.stringify([role === "operator" ? "" : tenant.id, role, id ?? null, hostNetwork(address)]);
}
