import type { Logger } from "../../engine/logger.ts";
import type { Clock, Instant } from "../../token/clock.ts";
import { isUnavailable } from "./errors.ts";

/** How many answers are compared: the one that came back soonest tells most. */
const SAMPLES = 5;

/** How often the clocks are compared, in milliseconds. */
const EVERY = 60_000;

/** What one comparison found, in milliseconds. */
export interface ClockComparison {
  /** By how much the database's clock is ahead of the node's. */
  readonly offset: number;
  /** By how much that may be wrong: half the round trip. */
  readonly uncertainty: number;
}

/** Compares the node's clock with the database's, at once and every now and then. */
export interface ClockCheck {
  /** The last comparison; undefined before the first. */
  latest(): ClockComparison | undefined;
  /** Whether the last comparison found the clocks further apart than nodes may rely on. */
  isOff(): boolean;
  stop(): void;
}

export interface ClockCheckOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** By how many milliseconds the clocks of two nodes may differ; of a node and the database: half as many. */
  readonly maxClockSkew: number;
}

/** `databaseTime`: asks the database for its time. Resolves after the first comparison. */
export async function startClockCheck(
  databaseTime: () => Promise<Instant>,
  { clock, logger, maxClockSkew }: ClockCheckOptions,
): Promise<ClockCheck> {
  let latest: ClockComparison | undefined;
  let wasOff = false;

  function isOff(): boolean {
    return latest !== undefined && Math.abs(latest.offset) - latest.uncertainty > maxClockSkew / 2;
  }

  async function check(): Promise<void> {
    try {
      latest = await compareClocks(databaseTime, clock);
    } catch (error) {
      // A database that is away is told to whoever asks it for more than the time.
      if (!isUnavailable(error)) logger.error({ err: error }, "the clocks could not be compared");
      return;
    }
    if (isOff() === wasOff) return;
    wasOff = isOff();
    const fields = { ...latest, maxClockSkew };
    if (wasOff)
      logger.error(fields, "this node's clock is too far from the database's: revocation cannot be relied on");
    else logger.info(fields, "this node's clock agrees with the database's again");
  }

  await check();
  const timer = setInterval(check, EVERY);
  timer.unref();
  return { latest: () => latest, isOff, stop: () => clearInterval(timer) };
}

/** Asks several times, and takes the answer that leaves the least doubt. */
export async function compareClocks(databaseTime: () => Promise<Instant>, clock: Clock): Promise<ClockComparison> {
  let best: ClockComparison | undefined;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const asked = clock.now();
    const started = performance.now();
    const theirs = await databaseTime();
    const uncertainty = (performance.now() - started) / 2;
    if (best === undefined || uncertainty < best.uncertainty)
      best = { offset: theirs - asked - uncertainty, uncertainty };
  }
  if (best === undefined) throw new TypeError("no answer was compared");
  return best;
}
