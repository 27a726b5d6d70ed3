import type { Instant, Machine } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { isUnavailable } from "./errors.ts";

/** How many answers are compared: the fastest one is the most exact. */
const SAMPLES = 5;

/** How often the clocks are compared, in milliseconds. */
export const COMPARE_EVERY = 60_000;

/** The least time between two comparisons while the clock is off, in milliseconds. */
const AGAIN = 1_000;

/** How often the time of day is read at most, until it and the monotonic clock were read close together. */
const READINGS = 5;

/** How far apart two readings that count as simultaneous may be, in milliseconds. */
const CLOSE = 1;

/** The result of one comparison, in milliseconds. */
export interface ClockComparison {
  /** How far the database's clock is ahead of the machine's. */
  readonly offset: number;
  /** How far `offset` may be wrong: half the round trip. */
  readonly uncertainty: number;
  /** How far the machine's time of day was ahead of its monotonic clock: this changes if somebody sets the clock. */
  readonly base: number;
}

interface ClockCheckOptions {
  readonly machine: Machine;
  readonly logger: Logger;
  /**
   * The most by which the clocks of two nodes may differ, in milliseconds; a node and the database may differ by half
   * of that.
   */
  readonly maxClockSkew: number;
}

/** Compares the machine's clock with the database's. Its owner calls {@link check} from time to time. */
export class ClockCheck {
  readonly #databaseTime: () => Promise<Instant>;
  readonly #options: ClockCheckOptions;
  #latest: ClockComparison | undefined;
  #wasOff = false;
  #checking = false;
  #checkedAt = Number.NEGATIVE_INFINITY;

  /** `databaseTime` asks the database for its time. */
  constructor(databaseTime: () => Promise<Instant>, options: ClockCheckOptions) {
    this.#databaseTime = databaseTime;
    this.#options = options;
  }

  /** The last comparison; undefined before the first. */
  get latest(): ClockComparison | undefined {
    return this.#latest;
  }

  /**
   * Whether the clocks differ by more than nodes rely on, or were never compared. Notices at once if the clock was set
   * since the last comparison; while it is off, the clocks are soon compared again.
   */
  isOff(): boolean {
    const isOff = this.#isOff();
    const { machine } = this.#options;
    // Not only while it is off: once it is right again, that is to be told, and the next time too.
    const isDue = isOff || this.#wasOff;
    if (isDue && !this.#checking && machine.elapsed() >= this.#checkedAt + AGAIN) void this.check();
    return isOff;
  }

  /** Compares the clocks. Does not reject: if the database is down, every other call will say so. */
  async check(): Promise<void> {
    const { machine, logger } = this.#options;
    this.#checking = true;
    try {
      this.#latest = await compareClocks(this.#databaseTime, machine);
    } catch (error) {
      if (!isUnavailable(error)) logger.error({ err: error }, "the clocks could not be compared");
    } finally {
      this.#checking = false;
      this.#checkedAt = machine.elapsed();
    }
    this.#tell();
  }

  #isOff(): boolean {
    if (this.#latest === undefined) return true;
    const { offset, uncertainty, base } = this.#latest;
    // How far the clock was set since the comparison: without asking the database, and so in time for the next token.
    const set = baseOf(this.#options.machine) - base;
    return Math.abs(offset - set) - uncertainty > this.#options.maxClockSkew / 2;
  }

  /** Logs a change, once. */
  #tell(): void {
    const { logger, maxClockSkew } = this.#options;
    const isOff = this.#isOff();
    if (this.#latest === undefined || isOff === this.#wasOff) return;
    this.#wasOff = isOff;
    const { offset, uncertainty } = this.#latest;
    const fields = { offset, uncertainty, maxClockSkew };
    if (isOff)
      logger.error(fields, "this node's clock is too far from the database's: requests fail until it is corrected");
    else logger.info(fields, "this node's clock agrees with the database's again");
  }
}

/** Asks several times, and takes the answer with the least uncertainty. */
export async function compareClocks(databaseTime: () => Promise<Instant>, machine: Machine): Promise<ClockComparison> {
  let best: ClockComparison | undefined;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const base = baseOf(machine);
    const started = machine.elapsed();
    const theirs = await databaseTime();
    const uncertainty = (machine.elapsed() - started) / 2;
    if (best === undefined || uncertainty < best.uncertainty)
      best = { offset: theirs - (base + started) - uncertainty, uncertainty, base };
  }
  if (best === undefined) throw new TypeError("no answer was compared");
  return best;
}

/**
 * Reads the time of day between two readings of the monotonic clock. A process that is held up in between would see a
 * clock that seems to have been set, so the pair that is closest together counts.
 */
function baseOf({ wall, elapsed }: Machine): number {
  let [least, base] = [Number.POSITIVE_INFINITY, Number.NaN];
  for (let tries = 0; tries < READINGS && least > CLOSE; tries++) {
    const before = elapsed();
    const read = wall();
    const apart = elapsed() - before;
    if (apart < least) [least, base] = [apart, read - before - apart / 2];
  }
  return base;
}
