import { assert } from '../core/kernel/assert.ts';

/**
 * Remembers the entries used of late, and is bounded: two generations, of which the older is let go
 * when the younger is full. So it holds between `size` and twice `size` of the most recent, at the
 * price of a plain Map. (An exact order of use, kept by deleting and inserting again, cost 15 to 40 µs an
 * entry once a map was full: the deleted places at its front are looked through each time.)
 */
export class RecentMap<Key, Value> {
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  readonly #size: number;

  constructor(size: number) {
    assert(size > 0, 'a bounded map has room for something');
    this.#size = size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#size) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
