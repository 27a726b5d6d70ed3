import type { Instant, Machine } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { isUnavailable } from "./errors.ts";

/** How many answers are compared: the one that came back soonest tells most. */
const SAMPLES = 5;

/** How often the clocks are compared, in milliseconds. */
export const COMPARE_EVERY = 60_000;

/** How soon after the last comparison the next may be, while the clock is off, in milliseconds. */
const AGAIN = 1_000;

/** How often the time of day is read, at most, until it and what has elapsed were read close together. */
const READINGS = 5;

/** How far apart two readings may be that count as one, in milliseconds. */
const CLOSE = 1;

/** What one comparison found, in milliseconds. */
export interface ClockComparison {
  /** By how much the database's clock is ahead of the machine's. */
  readonly offset: number;
  /** By how much that may be wrong: half the round trip. */
  readonly uncertainty: number;
  /** What the machine's time of day was ahead of what has elapsed: it changes when somebody sets the clock. */
  readonly base: number;
}

interface ClockCheckOptions {
  readonly machine: Machine;
  readonly logger: Logger;
  /** By how many milliseconds the clocks of two nodes may differ; of a node and the database: half as many. */
  readonly maxClockSkew: number;
}

/** Compares the machine's clock with the database's: whoever keeps it calls {@link check} every now and then. */
export class ClockCheck {
  readonly #databaseTime: () => Promise<Instant>;
  readonly #options: ClockCheckOptions;
  #latest: ClockComparison | undefined;
  #wasOff = false;
  #checking = false;
  #checkedAt = Number.NEGATIVE_INFINITY;

  /** `databaseTime`: asks the database for its time. */
  constructor(databaseTime: () => Promise<Instant>, options: ClockCheckOptions) {
    this.#databaseTime = databaseTime;
    this.#options = options;
  }

  /** The last comparison; undefined before the first. */
  get latest(): ClockComparison | undefined {
    return this.#latest;
  }

  /**
   * Whether the clocks are further apart than nodes may rely on, or were never compared. A clock that was set since the
   * last comparison is seen at once; while it is off, the clocks are compared again soon.
   */
  isOff(): boolean {
    const isOff = this.#isOff();
    const { machine } = this.#options;
    // Not only while it is off: once it is right again, that is to be told, and the next time too.
    const isDue = isOff || this.#wasOff;
    if (isDue && !this.#checking && machine.elapsed() >= this.#checkedAt + AGAIN) void this.check();
    return isOff;
  }

  /** Compares the clocks. Does not reject: a database that is away is told to whoever asks it for more than the time. */
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
    const set = baseOf(this.#options.machine) - base;
    return Math.abs(offset - set) - uncertainty > this.#options.maxClockSkew / 2;
  }

  /** Says what has changed, once. */
  #tell(): void {
    const { logger, maxClockSkew } = this.#options;
    const isOff = this.#isOff();
    if (this.#latest === undefined || isOff === this.#wasOff) return;
    this.#wasOff = isOff;
    const { offset, uncertainty } = this.#latest;
    const fields = { offset, uncertainty, maxClockSkew };
    if (isOff)
      logger.error(fields, "this node's clock is too far from the database's: it answers nothing until it is right");
    else logger.info(fields, "this node's clock agrees with the database's again");
  }
}

/** Asks several times, and takes the answer that leaves the least doubt. */
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
 * A process may be held up between two readings, and the clock would seem to have been set: it is read again then, and
 * the readings that are least apart are taken.
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
