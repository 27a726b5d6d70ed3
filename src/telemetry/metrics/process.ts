import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Instruments } from "./instruments.ts";

/** How often the event loop is looked at, in milliseconds. It is part of each delay that Node measures. */
const RESOLUTION = 10;

const NANOSECONDS = 1e9;

const MINUTE = 60_000;

const PERCENTILES = [50, 90, 99, 100];

/** Tells which program runs. */
export function describeBuild(instruments: Instruments, version: string): void {
  instruments.gauge(
    "mintmark_build_info",
    "Always 1: the versions of mintmark and Node.",
    ["version", "node_version"],
    "first",
    () => [{ labels: { version, node_version: process.versions.node }, value: 1 }],
  );
}

/** How many lines each output has lost since the start; undefined for one that there is not. */
export interface LinesLost {
  readonly log: number;
  readonly audit: number | undefined;
}

/** Counts the lines that could not be written. `read` is called at each scrape. */
export function countLinesLost(instruments: Instruments, read: () => LinesLost): void {
  instruments.total("mintmark_lines_lost_total", "Lines that could not be written.", ["output"], () =>
    Object.entries(read()).flatMap(([output, value]) => (value === undefined ? [] : [{ labels: { output }, value }])),
  );
}

/** What measures delays of the event loop, in nanoseconds. */
type Delays = Pick<ReturnType<typeof monitorEventLoopDelay>, "enable" | "disable" | "percentile" | "reset">;

/**
 * Measures by how much the event loop is late, over the last minute or two, until the returned function is called. A
 * scrape changes nothing, as others may scrape too. `elapsed`: a monotonic reading in milliseconds.
 */
export function watchEventLoop(
  instruments: Instruments,
  elapsed: () => number,
  delays: Delays = monitorEventLoopDelay({ resolution: RESOLUTION }),
): () => void {
  delays.enable();
  let begun = elapsed();
  /** The lags of the minute, or more, that had ended by then. */
  let before: readonly number[] = [];
  instruments.gauge(
    "mintmark_event_loop_lag_seconds",
    "By how much the event loop was late in the last minute or two; the quantile 1 is the most.",
    ["quantile"],
    "max",
    () => {
      const lags = PERCENTILES.map((percentile) =>
        Math.max(0, delays.percentile(percentile) / NANOSECONDS - RESOLUTION / 1000),
      );
      const readings = lags.map((lag, index) => ({
        labels: { quantile: String((PERCENTILES[index] ?? 0) / 100) },
        value: Math.max(lag, before[index] ?? 0),
      }));
      if (elapsed() - begun >= MINUTE) {
        [begun, before] = [elapsed(), lags];
        delays.reset();
      }
      return readings;
    },
  );
  return () => delays.disable();
}
