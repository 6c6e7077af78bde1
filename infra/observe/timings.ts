type Options = Readonly<{
  name: string;
  help: string;
  /** Upper bounds, ascending; in seconds, if it is times that are counted. */
  bounds: readonly number[];
}>;

/**
 * A histogram without labels for what happens with every message: the library's takes five times as long
 * to observe. Writes itself out in Prometheus' text format.
 */
export class Timings {
  readonly #options: Options;
  /** How many fell at or below a bound, and above the one before it; the last: above all. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#counts = new Float64Array(options.bounds.length + 1);
  }

  /** So many times. */
  add(value: number, times = 1): void {
    const { bounds } = this.#options;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? Infinity)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + times;
    this.#sum += value * times;
  }

  text(): string {
    const { name, help, bounds } = this.#options;
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    let below = 0;
    for (const [at, count] of this.#counts.entries()) {
      below += count;
      lines.push(`${name}_bucket{le="${String(bounds[at] ?? '+Inf')}"} ${String(below)}`);
    }
    lines.push(`${name}_sum ${String(this.#sum)}`, `${name}_count ${String(below)}`, '');
    return lines.join('\n');
  }
}
