import type { Clock, Instant } from "../../base/clock.ts";
import { LruMap } from "../../base/lru-map.ts";

/** How many failures in a row are free of delay. */
const FREE = 10;

/** The first delay, which doubles with every further failure, and the longest one, in milliseconds. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;

/** How long without a failure it takes for earlier ones to be forgotten, in milliseconds. */
const FORGET_AFTER = 10 * 60_000;

/** How many attempts of one source may be delayed at once. */
const MAX_DELAYED = 4;

/** How many failing sources are remembered. */
const MAX_SOURCES = 16_384;

interface Source {
  failures: number;
  failedAt: Instant;
  delayed: number;
}

/**
 * Slows down guessing: after failures in a row, the next attempts of that source are delayed before they are checked,
 * so that a right secret takes as long as a wrong one. Other sources are never delayed.
 */
export class SlowDown {
  readonly #clock: Clock;
  readonly #sources = new LruMap<string, Source>(MAX_SOURCES);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves to true once the source may try. Resolves to false at once if too many of its attempts are already
   * delayed: waiting requests cost memory.
   */
  async mayTry(source: string): Promise<boolean> {
    const known = this.#sources.get(source);
    if (known === undefined) return true;
    const now = this.#clock.now();
    if (now > known.failedAt + FORGET_AFTER) known.failures = 0;
    if (known.failures < FREE) return true;
    if (known.delayed >= MAX_DELAYED) return false;
    known.delayed += 1;
    try {
      await this.#clock.past(now + Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (known.failures - FREE)));
      return true;
    } finally {
      known.delayed -= 1;
    }
  }

  /** Counts a failure. */
  failed(source: string): void {
    const known = this.#sources.get(source) ?? { failures: 0, failedAt: 0, delayed: 0 };
    known.failures += 1;
    known.failedAt = this.#clock.now();
    this.#sources.set(source, known);
  }

  /** Ends the failures in a row. */
  succeeded(source: string): void {
    const known = this.#sources.get(source);
    if (known !== undefined) known.failures = 0;
  }
}

/**
 * The part of an address that one source can be expected to hold: the first 64 bits of IPv6, as every host may choose
 * the rest. An IPv4-mapped address is its IPv4 address.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array<string>(zeros).fill("0"), ...after].slice(0, 4).join(":");
}
