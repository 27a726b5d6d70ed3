import { createHash } from "node:crypto";
import type { Instant } from "../../base/clock.ts";
import { formatDuration } from "../../base/duration.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { Rate } from "../../base/rate.ts";
import type { LimitName } from "../../registry/tenant.ts";
import type { Addition, TallyStore } from "../../store/port.ts";
import type { Quota } from "../rate-limited.ts";

/** One rate of a limit, for one of those that it is counted for. */
export interface Claim {
  readonly limit: LimitName;
  readonly rate: Rate;
  /** Whom or what it is counted for. */
  readonly key: string;
}

/** From which part of what a rate allows other nodes are told: most of those who call never come near it. */
const TOLD_FROM = 0.1;

/** How many counts are told at once; others follow when they are next used. */
const MAX_TOLD = 500;

/** How long a tally is kept after its window, in milliseconds: more than clocks differ. */
const KEPT_FOR = 60_000;

/** What was counted in one window. */
interface Count {
  readonly window: number;
  /** What this node counted, and how much of that other nodes have been told. */
  own: number;
  told: number;
  /** What other nodes have counted, as far as this one knows. */
  others: number;
}

/**
 * Counts claims in windows as long as their periods. Windows follow one another without a gap, and where they begin is a
 * function of the key: so all nodes agree without talking to each other, and not everyone's begin at the same moment.
 *
 * Nodes that share a store tell each other what they count. One that has not been told yet, or could not be, lets
 * through too much rather than too little.
 *
 * Memory is bounded: if there are too many keys, the count that was used least recently is forgotten.
 */
export class Windows {
  readonly #counts: LruMap<string, Count>;
  readonly #untold = new Map<string, { readonly claim: Claim; readonly count: Count }>();
  /** When the last window ends in which something was counted. */
  #countedUntil: Instant = 0;

  /** `most`: how many counts are remembered. */
  constructor(most: number) {
    this.#counts = new LruMap(most);
  }

  /** Takes one of every claim if none is used up; returns whether it did. What is refused is not counted. */
  take(claims: readonly Claim[], now: Instant): boolean {
    if (this.isUsedUp(claims, now)) return false;
    for (const claim of claims) {
      const window = windowOf(claim, now);
      const name = nameOf(claim);
      const known = this.#counts.get(name);
      const count = known?.window === window ? known : { window, own: 0, told: 0, others: 0 };
      if (count !== known) this.#counts.set(name, count);
      count.own += 1;
      this.#countedUntil = Math.max(this.#countedUntil, endOf(claim, window));
      const isTold = count.own >= claim.rate.most * TOLD_FROM && this.#untold.size < MAX_TOLD;
      if (isTold) this.#untold.set(name, { claim, count });
    }
    return true;
  }

  /** Whether anything was counted in a window that has not ended: if not, no claim can be used up. */
  hasCounts(now: Instant): boolean {
    return now < this.#countedUntil;
  }

  /** Whether nothing is left of one of the claims. */
  isUsedUp(claims: readonly Claim[], now: Instant): boolean {
    return claims.some((claim) => this.#taken(claim, now) >= claim.rate.most);
  }

  /** What is left of each claim. */
  quotas(claims: readonly Claim[], now: Instant): readonly Quota[] {
    return claims.map((claim) => {
      const { limit, rate } = claim;
      const end = endOf(claim, windowOf(claim, now));
      const left = Math.max(0, rate.most - this.#taken(claim, now));
      return {
        limit,
        rate,
        policy: `${limit}-${formatDuration(rate.period)}`,
        left,
        resetsIn: Math.ceil((end - now) / 1000),
      };
    });
  }

  /**
   * Tells other nodes what was counted here since the last time, and hears what they have counted for the same. Throws
   * StoreUnavailableError; what it could not tell then is not told later, as it may have been heard.
   */
  async exchange(tallies: TallyStore): Promise<void> {
    const told = [...this.#untold].map(([name, { claim, count }]) => ({
      count,
      addition: additionOf(name, claim, count),
    }));
    this.#untold.clear();
    if (told.length === 0) return;
    for (const { count } of told) count.told = count.own;
    const totals = await tallies.add(told.map(({ addition }) => addition));
    for (const [index, { count }] of told.entries()) {
      // What is told by now, not what was told before: a later exchange may have been answered first.
      count.others = Math.max(count.others, (totals[index] ?? 0) - count.told);
    }
  }

  #taken(claim: Claim, now: Instant): number {
    const known = this.#counts.get(nameOf(claim));
    return known !== undefined && known.window === windowOf(claim, now) ? known.own + known.others : 0;
  }
}

/** The number of the window that an instant is in. */
export function windowOf(claim: Claim, now: Instant): number {
  return Math.floor((now + offsetOf(claim)) / lengthOf(claim));
}

function endOf(claim: Claim, window: number): Instant {
  return (window + 1) * lengthOf(claim) - offsetOf(claim);
}

function additionOf(name: string, claim: Claim, { window, own, told }: Count): Addition {
  const id = createHash("sha256").update(`${name} ${window}`).digest("base64url");
  return { id, by: own - told, expiresAt: endOf(claim, window) + KEPT_FOR };
}

function nameOf({ limit, key, rate }: Claim): string {
  return `${limit} ${rate.period} ${key}`;
}

function lengthOf({ rate }: Claim): number {
  return rate.period * 1000;
}

/** Spreads the keys' windows over the period, in milliseconds (FNV-1a). */
function offsetOf(claim: Claim): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < claim.key.length; at++) hash = Math.imul(hash ^ claim.key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % lengthOf(claim);
}
