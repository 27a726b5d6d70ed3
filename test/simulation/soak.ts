import { describeFailure, shrink } from "./shrink.ts";
import { simulate } from "./simulation.ts";
import { Tally } from "./tally.ts";
import { limitedOptionsOf, optionsOf } from "./world.ts";

/** Where to stop: after so many milliseconds of real time, or so many seeds, whichever comes first. */
export interface Bounds {
  readonly milliseconds: number;
  readonly seeds: number;
  /** Whether a shorter run is looked for if one fails. */
  readonly shrinks: boolean;
}

/**
 * Runs the seed and those after it, until a bound is met. Throws at the first that fails, with the shortest run of it
 * that can be found.
 */
export async function soakSimulation(first: number, { milliseconds, seeds, shrinks }: Bounds): Promise<Tally> {
  const deadline = performance.now() + milliseconds;
  const tally = new Tally();
  for (let seed = first; seed < first + seeds && performance.now() < deadline; seed++) {
    for (const options of [optionsOf(String(seed)), limitedOptionsOf(String(seed))]) {
      const report = await simulate(String(seed), options);
      tally.add(report);
      if (report.failure === undefined) continue;
      const shortest = shrinks ? await shrink(report) : report;
      throw new Error(`the simulation failed, after ${seed - first + 1} seeds\n${describeFailure(shortest)}`);
    }
  }
  return tally;
}
