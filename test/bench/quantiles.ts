/** Figures of one run, and of several runs of the same thing. */

export type Quantiles = Readonly<{ p50: number; p99: number; max: number; count: number }>;

/** Measured times; it grows as needed and sorts only when it is asked. */
export class Samples {
  #values = new Float64Array(4096);
  #count = 0;

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#count * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
  }

  quantiles(): Quantiles {
    const sorted = this.#values.slice(0, this.#count).sort();
    const at = (share: number): number =>
      sorted[Math.min(Math.ceil(share * sorted.length), sorted.length) - 1] ?? 0;
    return { p50: at(0.5), p99: at(0.99), max: at(1), count: this.#count };
  }
}

export type Spread = Readonly<{ median: number; least: number; most: number }>;

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? 0;
  const high = sorted[Math.ceil(middle)] ?? 0;
  return { median: (low + high) / 2, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
};
