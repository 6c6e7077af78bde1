/** Entries of a shelf, at most on the average: a change copies one shelf and the row of them. */
const PER_SHELF_MAX = 64;
/** By so much the row grows when its shelves are full. */
const GROWTH = 4;

/** Where an entry stands: FNV-1a over the key's units. */
const hashOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
};

type Shelf<K extends string, V> = Map<K, V>;

/**
 * A map that is a value. A changed version shares with the one before it all shelves but those that its
 * changes are on, so that one entry of a hundred thousand costs some microseconds to change. Entries are in
 * no order.
 */
export class Shelves<K extends string, V> {
  /** A power of two of them. */
  readonly #row: readonly Shelf<K, V>[];
  readonly size: number;

  private constructor(row: readonly Shelf<K, V>[], size: number) {
    this.#row = row;
    this.size = size;
  }

  static empty<K extends string, V>(): Shelves<K, V> {
    return new Shelves<K, V>([new Map<K, V>()], 0);
  }

  get(key: K): V | undefined {
    return this.#row[hashOf(key) & (this.#row.length - 1)]?.get(key);
  }

  *entries(): Generator<readonly [K, V]> {
    for (const shelf of this.#row) yield* shelf;
  }

  /** For any number of changes: what they lead to is a version of its own, and this one stays as it is. */
  draft(): ShelvesDraft<K, V> {
    return new ShelvesDraft(this.#row, this.size, (row, size) => new Shelves(row, size));
  }
}

export class ShelvesDraft<K extends string, V> {
  #row: readonly Shelf<K, V>[];
  /** The row and those of its shelves that are this draft's alone; none before the first change. */
  #own: Shelf<K, V>[] | undefined;
  readonly #fresh = new Set<Shelf<K, V>>();
  #size: number;
  readonly #made: (row: readonly Shelf<K, V>[], size: number) => Shelves<K, V>;

  constructor(
    row: readonly Shelf<K, V>[],
    size: number,
    made: (row: readonly Shelf<K, V>[], size: number) => Shelves<K, V>,
  ) {
    this.#row = row;
    this.#size = size;
    this.#made = made;
  }

  get(key: K): V | undefined {
    return this.#row[hashOf(key) & (this.#row.length - 1)]?.get(key);
  }

  set(key: K, value: V): void {
    this.#own ??= [...this.#row];
    this.#row = this.#own;
    const shelf = this.#freshShelf(this.#own, hashOf(key) & (this.#own.length - 1));
    const before = shelf.size;
    shelf.set(key, value);
    this.#size += shelf.size - before;
    if (this.#size > this.#own.length * PER_SHELF_MAX) this.#grow();
  }

  /** The draft is not to be changed any more. */
  done(): Shelves<K, V> {
    return this.#made(this.#row, this.#size);
  }

  #freshShelf(own: Shelf<K, V>[], at: number): Shelf<K, V> {
    const shelf = own[at];
    if (shelf !== undefined && this.#fresh.has(shelf)) return shelf;
    const copy = new Map(shelf);
    this.#fresh.add(copy);
    own[at] = copy;
    return copy;
  }

  #grow(): void {
    const row = Array.from({ length: this.#row.length * GROWTH }, () => new Map<K, V>());
    for (const shelf of this.#row) {
      for (const [key, value] of shelf) row[hashOf(key) & (row.length - 1)]?.set(key, value);
    }
    this.#fresh.clear();
    for (const shelf of row) this.#fresh.add(shelf);
    this.#own = row;
    this.#row = row;
  }
}
