/** What is done under one name is done one after the other; under other names nobody waits for it. */
export class InTurn {
  readonly #lines = new Map<string, { last: Promise<unknown>; count: number }>();

  /** How much is being done under the name or waits to be. */
  count(name: string): number {
    return this.#lines.size === 0 ? 0 : (this.#lines.get(name)?.count ?? 0);
  }

  /** What fails is its caller's to hear of, and the next is done all the same. */
  async do<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(name) ?? { last: Promise.resolve(), count: 0 };
    const mine = line.last.then(work, work);
    line.last = mine;
    line.count += 1;
    this.#lines.set(name, line);
    try {
      return await mine;
    } finally {
      line.count -= 1;
      if (line.count === 0) this.#lines.delete(name);
    }
  }
}
