/** So long a piece of work may hold the event loop: whoever waits for a socket waits no longer for it. */
const HELD_MS_MAX = 2;
/** Steps between two looks at the clock, which cost about as much as one of them. */
const LOOK_EVERY = 16;

/**
 * Work of many small steps, done in slices between which everything else has its turn. A batch of a read model that
 * nobody waits for may take fifty milliseconds, and messages that come meanwhile must not.
 */
export class Slices {
  #begun = performance.now();
  #steps = 0;

  /** To be asked after each step: whether it is others' turn, and then `others` is to be awaited. */
  get isOver(): boolean {
    this.#steps += 1;
    return this.#steps % LOOK_EVERY === 0 && performance.now() - this.#begun >= HELD_MS_MAX;
  }

  /** What waits on the event loop is done; the next slice begins. */
  async others(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#begun = performance.now();
  }
}
