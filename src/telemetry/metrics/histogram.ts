import { type Labels, SeriesMap } from "./series.ts";

/** The upper bounds of every histogram, in seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The durations with the same labels. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** How many are in each bucket and in none before it; the last are above all bounds. */
  readonly counts: number[];
  sum: number;
}

/** A histogram of durations for a registry of prom-client, whose own takes ten times as long for an observation. */
export class DurationHistogram<Name extends string> {
  readonly name: string;
  readonly #help: string;
  readonly #series: SeriesMap<Name, Series>;

  /** `labelNames`: those of OpenTelemetry's attributes are spelt as Prometheus does. */
  constructor(name: string, help: string, labelNames: readonly Name[]) {
    this.name = name;
    this.#help = help;
    this.#series = new SeriesMap(labelNames, (labels) => ({
      labels: Object.fromEntries(Object.entries<string>(labels).map(([label, value]) => [inPrometheus(label), value])),
      counts: Array(BUCKETS.length + 1).fill(0),
      sum: 0,
    }));
  }

  /** Counts a duration. Throws RangeError if it is not a number. */
  observe(seconds: number, labels: Labels<Name>): void {
    if (!Number.isFinite(seconds)) throw new RangeError(`${this.name} has no place for ${seconds}`);
    const series = this.#series.of(labels);
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    const at = bucket === -1 ? BUCKETS.length : bucket;
    series.counts[at] = (series.counts[at] ?? 0) + 1;
    series.sum += seconds;
  }

  /** What the registry asks for at a scrape, in the shape of prom-client's metrics. */
  async get(): Promise<object> {
    const values = [...this.#series.all()].flatMap((series) => this.#valuesOf(series));
    return { name: this.name, help: this.#help, type: "histogram", aggregator: "sum", values };
  }

  #valuesOf({ labels, counts, sum }: Series): readonly object[] {
    const bounds = [...BUCKETS.map(String), "+Inf"];
    let count = 0;
    const buckets = bounds.map((le, at) => {
      count += counts[at] ?? 0;
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}

function inPrometheus(name: string): string {
  return name.replaceAll(".", "_");
}
