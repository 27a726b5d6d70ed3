import { hostNetwork } from "../../base/address.ts";
import type { Clock, Instant } from "../../base/clock.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { LimitName, Realm } from "../../registry/tenant.ts";
import type { TallyStore } from "../../store/port.ts";
import { RateLimitedError } from "../rate-limited.ts";
import { type Claim, Windows } from "./windows.ts";

/** How many counts of failures are remembered, and how many sources that have proven who they are. */
const MAX_REMEMBERED = 16_384;

/** How much of an id counts: an operator's may have any length. Those that begin alike count together. */
const MAX_ID_LENGTH = 1024;

/** Someone who tries to prove who it is. */
export interface Attempt {
  readonly tenant: Pick<Realm, "id" | "rateLimits">;
  readonly role: "client" | "operator";
  /** Whom it names. */
  readonly id: string;
  /** Whether a client or operator of that id is configured. Of what a caller sees, nothing depends on it. */
  readonly isKnown: boolean;
  /** Where it comes from. Undefined: nothing is counted. */
  readonly address: string | undefined;
}

/**
 * Limits the attempts to authenticate that fail, by `failed_authentication_per_client` and
 * `failed_authentication_per_address`. Both count for the network of an address: a wrong secret never keeps anyone out
 * who comes from elsewhere. Whoever has proven who it is from a network is spared what its neighbours get wrong there: a
 * right secret is still taken.
 *
 * Whoever gets secrets wrong sees the same whether a client or operator of that id is configured or not, and whether it
 * is spared or not.
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
    const counted = new Counted(attempt, address);
    const begun = this.#clock.now();
    // Most of the time nobody has failed lately, and whoever proves who it is pays for no claim.
    const isUsedUp = this.#failures.hasCounts(begun) && this.#failures.isUsedUp(counted.claims, begun);
    const refusal = isUsedUp ? this.#refusal(attempt, counted.claims, begun) : undefined;
    if (refusal !== undefined && !this.#isSpared(counted, begun)) throw refusal;
    if (await prove()) {
      this.#proven.set(counted.source, true);
      return true;
    }
    const failed = this.#clock.now();
    if (refusal !== undefined) {
      this.#failures.take(counted.whileSpared, failed);
      throw refusal;
    }
    // Others may have failed in the meantime: no more are told that they were wrong than the limit allows.
    if (!this.#failures.take(counted.claims, failed)) throw this.#refusal(attempt, counted.claims, failed);
    return false;
  }

  /** See {@link Windows.exchange}. */
  exchange(tallies: TallyStore): Promise<void> {
    return this.#failures.exchange(tallies);
  }

  /** Whether an attempt is checked although too many have failed: those were others'. */
  #isSpared({ source, own, whileSpared }: Counted, now: Instant): boolean {
    return this.#proven.get(source) === true && !this.#failures.isUsedUp([...own, ...whileSpared], now);
  }

  /** `now`: the reading by which it was decided, as a later one may be in another window. */
  #refusal({ role, id, isKnown }: Attempt, claims: readonly Claim[], now: Instant): RateLimitedError {
    return new RateLimitedError(this.#failures.quotas(claims, now), { [role]: isKnown ? id : undefined });
  }
}

/** What an attempt counts for if it fails. */
class Counted {
  /** Who tries, and from where. */
  readonly source: string;
  readonly #tenant: Attempt["tenant"];
  readonly #network: string;
  readonly #who: readonly string[];

  constructor({ tenant, role, id }: Attempt, address: string) {
    const network = hostNetwork(address);
    // An id is unique in its tenant; an operator's in all of them, as several may list the same operator.
    const who = [role === "operator" ? "" : tenant.id, role, id.slice(0, MAX_ID_LENGTH), network];
    this.source = JSON.stringify(who);
    this.#tenant = tenant;
    this.#network = network;
    this.#who = who;
  }

  get own(): readonly Claim[] {
    return this.#claimsTo("failed_authentication_per_client", ...this.#who);
  }

  /** Its own, and those of its address. */
  get claims(): readonly Claim[] {
    return [...this.own, ...this.#claimsTo("failed_authentication_per_address", this.#tenant.id, this.#network)];
  }

  /** Apart from `own`, which every refusal tells: it would show that such an attempt was checked. */
  get whileSpared(): readonly Claim[] {
    return this.#claimsTo("failed_authentication_per_client", ...this.#who, "while spared");
  }

  #claimsTo(limit: LimitName, ...key: readonly string[]): readonly Claim[] {
    return this.#tenant.rateLimits[limit].map((rate) => ({ limit, rate, key: JSON.stringify(key) }));
  }
}
