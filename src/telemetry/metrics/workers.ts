import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from "prom-client";

/** All metrics of one process at one time, as they are sent to another. */
export type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

const COUNTS: ReadonlySet<string> = new Set(["counter", "histogram"]);

/** The metrics of several processes as those of one, in Prometheus' text format 0.0.4. */
export function textOf(snapshots: readonly Snapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate([...snapshots]).metrics();
}

/** What a process has counted, without what is true only as long as it runs. */
export function countsOf(snapshot: Snapshot): Snapshot {
  return snapshot.filter(({ type }) => COUNTS.has(String(type)));
}

/** What several processes have counted, as if one had. */
export function countedBy(snapshots: readonly Snapshot[]): Promise<Snapshot> {
  return AggregatorRegistry.aggregate([...snapshots]).getMetricsAsJSON();
}
