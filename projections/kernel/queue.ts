/** Below this, an array's front is not worth tidying. */
const TIDY_MIN = 32;

/** First in, first out, and any place in between by index: constant time each, on average. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#items[this.#start + index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start] = undefined;
    this.#start += 1;
    if (this.#start >= TIDY_MIN && this.#start * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }

  /** Items of the index and after it, at most `max`. */
  from(index: number, max = Infinity): readonly T[] {
    const found: T[] = [];
    const end = Math.min(this.length, index + max);
    for (let next = Math.max(index, 0); next < end; next++) {
      const item = this.at(next);
      if (item !== undefined) found.push(item);
    }
    return found;
  }

  /** Index of the first item for which `isAfter` holds: it must hold for all that follow. */
  search(isAfter: (item: T) => boolean): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.at(middle);
      if (item !== undefined && isAfter(item)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
