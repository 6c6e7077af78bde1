import type { ExpectedTable, Row, Value } from './table.ts';

type Kept = Record<string, Value>;

/** Rows of one table, kept as they must stand there. */
export class Rows {
  readonly #name: string;
  readonly #key: readonly string[];
  readonly #rows = new Map<string, Kept>();

  constructor(name: string, key: readonly string[]) {
    this.#name = name;
    this.#key = key;
  }

  /** By the values of the key; what is changed in it is changed in the table. */
  get(...key: readonly Value[]): Kept | undefined {
    return this.#rows.get(JSON.stringify(key));
  }

  put(row: Row): void {
    this.#rows.set(this.#keyOf(row), { ...row });
  }

  remove(...key: readonly Value[]): void {
    this.#rows.delete(JSON.stringify(key));
  }

  get table(): ExpectedTable {
    return {
      name: this.#name,
      key: this.#key,
      size: () => this.#rows.size,
      expected: (found) => this.#rows.get(this.#keyOf(found)),
      all: () => this.#rows.values(),
    };
  }

  #keyOf(row: Row): string {
    return JSON.stringify(this.#key.map((name) => row[name]));
  }
}
