import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Logger } from "../../base/logger.ts";
import type { Snapshot } from "./workers.ts";

/** The upper bounds of every histogram of durations, in seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The values of a measurement's labels. One without a value is left out. */
export type Labels<Name extends string> = Readonly<Partial<Record<Name, string | undefined>>>;

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
    const collect = () =>
      this.#attempt(() => {
        for (const labels of always()) counter.inc(present(labels), 0);
      });
    const registers = [this.#registry];
    const counter: Counter<Name> = new Counter({ name, help, labelNames: [...labelNames], registers, collect });
    return (labels: Labels<Name>): void => this.#attempt(() => counter.inc(present(labels)));
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
    const registers = [this.#registry];
    const histogram = new Histogram({ name, help, labelNames: [...labelNames], buckets: BUCKETS, registers });
    return (seconds: number, labels: Labels<Name>): void =>
      this.#attempt(() => histogram.observe(present(labels), seconds));
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

function present<Name extends string>(labels: Labels<Name>): Record<Name, string> {
  const found: Partial<Record<Name, string>> = {};
  for (const name in labels) if (labels[name] !== undefined) found[name] = labels[name];
  return found as Record<Name, string>;
}
