import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Instruments } from "./instruments.ts";

/** How often the event loop is looked at, in milliseconds. It is part of each delay that Node measures. */
const RESOLUTION = 10;

const NANOSECONDS = 1e9;

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

/** Measures by how much the event loop is late, from one scrape to the next, until the returned function is called. */
export function watchEventLoop(instruments: Instruments): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  delays.enable();
  instruments.gauge(
    "mintmark_event_loop_lag_seconds",
    "By how much the event loop was late since the last scrape; the quantile 1 is the most.",
    ["quantile"],
    "max",
    () => {
      const readings = PERCENTILES.map((percentile) => ({
        labels: { quantile: String(percentile / 100) },
        value: Math.max(0, delays.percentile(percentile) / NANOSECONDS - RESOLUTION / 1000),
      }));
      delays.reset();
      return readings;
    },
  );
  return () => delays.disable();
}
