/** How long answers took. It keeps the first million of a measurement. */
export class LatencySample {
  readonly #values = new Float64Array(1_000_000);
  #count = 0;

  /** Records milliseconds. */
  add(milliseconds: number): void {
    this.#values[this.#count++] = milliseconds;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** The value that a share of all, such as 0.99, is at most. */
  quantile(share: number): number {
    const sorted = this.#values.slice(0, this.#count).sort();
    return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  }
}
