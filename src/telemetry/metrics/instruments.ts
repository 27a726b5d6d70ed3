import { Counter, Gauge, type Histogram, Registry } from "prom-client";
import type { Logger } from "../../base/logger.ts";
import { DurationHistogram } from "./histogram.ts";
import { type Labels, present, SeriesMap } from "./series.ts";
import type { Snapshot } from "./workers.ts";

/** How the values of several workers become one. Their counts are summed. */
type OfWorkers = "min" | "max" | "first";

/** A value of a gauge at the time of a scrape. */
interface Reading<Name extends string> {
  readonly labels?: Labels<Name>;
  readonly value: number;
}

/**
 * Makes the instruments of one process, in a registry of their own. No instrument ever throws: the first failure is
 * logged, and what could not be measured is left out.
 */
export class Instruments {
  readonly #registry = new Registry();
  readonly #logger: Logger;
  #hasFailed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Counts events. A scrape has each of the `always` labels, with a count of 0 before their first event. */
  counter<Name extends string>(
    name: string,
    help: string,
    labelNames: readonly Name[],
    always: () => Iterable<Labels<Name>> = () => [],
  ) {
    const uncollected = new SeriesMap(labelNames, (labels) => {
      counter.inc(labels, 0);
      return { labels, count: 0 };
    });
    const collect = () =>
      this.#attempt(() => {
        for (const labels of always()) counter.inc(present(labels), 0);
        for (const series of uncollected.all()) {
          counter.inc(series.labels, series.count);
          series.count = 0;
        }
      });
    const registers = [this.#registry];
    const counter: Counter<Name> = new Counter({ name, help, labelNames: [...labelNames], registers, collect });
    return (labels: Labels<Name>): void =>
      this.#attempt(() => {
        uncollected.of(labels).count += 1;
      });
  }

  /** Reads at each scrape what has been counted since the start. */
  total<Name extends string>(
    name: string,
    help: string,
    labelNames: readonly Name[],
    read: () => Iterable<Reading<Name>>,
  ): void {
    const collect = () =>
      this.#attempt(() => {
        counter.reset();
        for (const { labels = {}, value } of read()) counter.inc(present(labels), value);
      });
    const registers = [this.#registry];
    const counter: Counter<Name> = new Counter({ name, help, labelNames: [...labelNames], registers, collect });
  }

  /** Counts durations, in seconds. */
  histogram<Name extends string>(name: string, help: string, labelNames: readonly Name[]) {
    const histogram = new DurationHistogram(name, help, labelNames);
    // Of a metric, the registry needs no more than its name and what it tells at a scrape.
    this.#registry.registerMetric(histogram as unknown as Histogram);
    return (seconds: number, labels: Labels<Name>): void => this.#attempt(() => histogram.observe(seconds, labels));
  }

  /** Reads values at each scrape; those of earlier ones are forgotten. */
  gauge<Name extends string>(
    name: string,
    help: string,
    labelNames: readonly Name[],
    aggregator: OfWorkers,
    read: () => Iterable<Reading<Name>>,
  ): void {
    const collect = () =>
      this.#attempt(() => {
        gauge.reset();
        // Without labels there is a 0 after that, although nobody has read one.
        if (labelNames.length === 0) gauge.remove();
        for (const { labels = {}, value } of read()) gauge.set(present(labels), value);
      });
    const gauge: Gauge<Name> = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      aggregator,
      registers: [this.#registry],
      collect,
    });
  }

  /** All metrics, to be put together with those of other processes. */
  snapshot(): Promise<Snapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  /** All metrics, in Prometheus' text format 0.0.4. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #attempt(measure: () => void): void {
    try {
      measure();
    } catch (err) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      this.#logger.error({ err }, "something could not be measured: metrics are not complete from now on");
    }
  }
}
