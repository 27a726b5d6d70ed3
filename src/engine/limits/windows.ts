import type { Instant } from "../../base/clock.ts";
import { formatDuration } from "../../base/duration.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { Rate } from "../../base/rate.ts";
import type { LimitName } from "../../registry/tenant.ts";
import type { Quota } from "../rate-limited.ts";

/** One rate of a limit, for one of those that it is counted for. */
export interface Claim {
  readonly limit: LimitName;
  readonly rate: Rate;
  /** Whom or what it is counted for. */
  readonly key: string;
}

/** What was counted in one window. */
interface Count {
  readonly window: number;
  count: number;
}

/**
 * Counts claims in windows as long as their periods. Windows follow one another without a gap, and where they begin is a
 * function of the key: so all nodes agree without talking to each other, and not everyone's begin at the same moment.
 *
 * Memory is bounded: if there are too many keys, the count that was used least recently is forgotten.
 */
export class Windows {
  readonly #counts: LruMap<string, Count>;

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
      if (known?.window === window) known.count += 1;
      else this.#counts.set(name, { window, count: 1 });
    }
    return true;
  }

  /** Whether nothing is left of one of the claims. */
  isUsedUp(claims: readonly Claim[], now: Instant): boolean {
    return claims.some((claim) => this.#taken(claim, now) >= claim.rate.most);
  }

  /** What is left of each claim. */
  quotas(claims: readonly Claim[], now: Instant): readonly Quota[] {
    return claims.map((claim) => {
      const { limit, rate } = claim;
      const end = (windowOf(claim, now) + 1) * lengthOf(claim) - offsetOf(claim);
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

  #taken(claim: Claim, now: Instant): number {
    const known = this.#counts.get(nameOf(claim));
    return known !== undefined && known.window === windowOf(claim, now) ? known.count : 0;
  }
}

/** The number of the window that an instant is in. */
export function windowOf(claim: Claim, now: Instant): number {
  return Math.floor((now + offsetOf(claim)) / lengthOf(claim));
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
