type Turn = Readonly<{ alone: boolean; begin: () => void }>;

type Line = {
  /** Those who share the key now. */
  sharing: number;
  /** Someone has the key alone. */
  taken: boolean;
  waiting: Turn[];
};

/**
 * Who may do something about a key, and when: many at once, or one alone, in the order they came. Where
 * nobody is or waits alone, the work begins at once, before the call returns.
 */
export class Turns {
  readonly #lines = new Map<string, Line>();

  shared<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#take(key, false, work);
  }

  alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#take(key, true, work);
  }

  #take<T>(key: string, alone: boolean, work: () => Promise<T>): Promise<T> {
    const line = this.#lineOf(key);
    return new Promise((resolve) => {
      const begin = (): void => {
        if (alone) line.taken = true;
        else line.sharing++;
        resolve(work().finally(() => this.#end(key, line, alone)));
      };
      line.waiting.push({ alone, begin });
      this.#go(key, line);
    });
  }

  #lineOf(key: string): Line {
    const held = this.#lines.get(key);
    if (held !== undefined) return held;
    const line: Line = { sharing: 0, taken: false, waiting: [] };
    this.#lines.set(key, line);
    return line;
  }

  #end(key: string, line: Line, alone: boolean): void {
    if (alone) line.taken = false;
    else line.sharing--;
    this.#go(key, line);
  }

  #go(key: string, line: Line): void {
    for (;;) {
      const first = line.waiting[0];
      if (first === undefined) {
        if (line.sharing === 0 && !line.taken) this.#lines.delete(key);
        return;
      }
      if (line.taken || (first.alone && line.sharing > 0)) return;
      line.waiting.shift();
      first.begin();
    }
  }
}
