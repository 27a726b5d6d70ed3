import fc from "fast-check";
import { Histogram, Registry } from "prom-client";
import { expect, it } from "vitest";
import { DurationHistogram } from "../../../src/telemetry/metrics/histogram.ts";

const seconds = fc.oneof(fc.constantFrom(0.0005, 0.001, 0.0025, 0.25, 10), fc.double({ min: 0, max: 20, noNaN: true }));
const labels = fc.record({ one: fc.constantFrom("a", "b"), two: fc.constantFrom("c", undefined) });

it("tells a scrape what a histogram of prom-client would tell", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(seconds, labels)), async (observed) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const histogram = new DurationHistogram("things_seconds", "Things.", ["one", "two"]);
      ours.registerMetric(histogram as never);
      const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
      const options = { name: "things_seconds", help: "Things.", labelNames: ["one", "two"], buckets };
      const model = new Histogram({ ...options, registers: [theirs] });
      for (const [duration, { one, two }] of observed) {
        histogram.observe(duration, { one, two });
        model.observe({ one, ...(two !== undefined && { two }) }, duration);
      }
      expect(await ours.metrics()).toBe(await theirs.metrics());
    }),
    { numRuns: 50 },
  );
});
