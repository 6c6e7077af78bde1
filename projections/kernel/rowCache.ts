/** Rows of one table kept in memory between batches: those of a few seconds of a busy node. */
export const ROWS_CACHED_MAX = 20_000;

/**
 * The rows used last, by key, at most so many. Two generations instead of an order of use: when the young
 * one is full it becomes the old one, and what was old and has not been used since is forgotten. Right
 * only as long as nobody else writes the table: see `Fenced`.
 */
export class RowCache<Row> {
  readonly #generationMax: number;
  #young = new Map<string, Row>();
  #old = new Map<string, Row>();

  constructor(max = ROWS_CACHED_MAX) {
    this.#generationMax = Math.max(1, Math.floor(max / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Row | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** `undefined`: there is no such row (any more), which is not remembered. */
  set(key: string, row: Row | undefined): void {
    this.#old.delete(key);
    if (row === undefined) {
      this.#young.delete(key);
      return;
    }
    this.#young.set(key, row);
    if (this.#young.size < this.#generationMax) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
