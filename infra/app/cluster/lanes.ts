/** What is under way to one place. */
type Lane = {
  readonly place: string;
  /** When all that went another way before has ended; undefined: nothing had. */
  readonly clear: Promise<void> | undefined;
  readonly ended: Promise<void>;
  readonly end: () => void;
  count: number;
};

/**
 * Keeps the order of what has one name and may go different ways: as long as something is under way to one
 * place, what goes to another waits.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  /** Does it once its way is clear: what goes to one place begins in the order in which it came here. */
  async through<T>(name: string, place: string, go: () => Promise<T>): Promise<T> {
    const lane = this.#laneTo(name, place);
    lane.count += 1;
    try {
      if (lane.clear !== undefined) await lane.clear;
      return await go();
    } finally {
      lane.count -= 1;
      if (lane.count === 0) {
        lane.end();
        if (this.#lanes.get(name) === lane) this.#lanes.delete(name);
      }
    }
  }

  #laneTo(name: string, place: string): Lane {
    const before = this.#lanes.get(name);
    if (before?.place === place) return before;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const lane = { place, clear: before?.ended, ended, end, count: 0 };
    this.#lanes.set(name, lane);
    return lane;
  }
}
