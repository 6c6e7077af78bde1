/** What is done under one name is done one after the other; under other names nobody waits for it. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Whether something is being done under the name, or waits to be. */
  has(name: string): boolean {
    return this.#last.size > 0 && this.#last.has(name);
  }

  async do<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    }
  }
}
