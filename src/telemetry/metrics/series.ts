/** The values of a measurement's labels. One without a value is left out. */
export type Labels<Name extends string> = Readonly<Partial<Record<Name, string | number | undefined>>>;

/**
 * What is counted for each combination of labels that was ever seen. To find it costs a request one text and one look-up,
 * a tenth of what prom-client takes to check, sort and join the labels of every single observation.
 */
export class SeriesMap<Name extends string, Counted> {
  readonly #names: readonly Name[];
  readonly #begin: (labels: Record<Name, string>) => Counted;
  readonly #series = new Map<string, Counted>();

  /** `begin`: makes what counts for labels that were not seen before, from those that have a value. */
  constructor(names: readonly Name[], begin: (labels: Record<Name, string>) => Counted) {
    this.#names = names;
    this.#begin = begin;
  }

  /** What counts for these labels. Throws what `begin` throws. */
  of(labels: Labels<Name>): Counted {
    let key = "";
    // No value contains a line break, but for one that is wrong anyway: each is one of a known few, or an id.
    for (const name of this.#names) key += `${labels[name] ?? ""}\n`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = this.#begin(present(labels));
    this.#series.set(key, series);
    return series;
  }

  /** All of them. */
  all(): Iterable<Counted> {
    return this.#series.values();
  }
}

/** The labels that have a value. */
export function present<Name extends string>(labels: Labels<Name>): Record<Name, string> {
  const given = Object.entries(labels).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)])) as Record<Name, string>;
}
