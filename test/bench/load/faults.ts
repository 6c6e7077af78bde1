/** As many as a person will read; the first ones tell most. */
const FAULTS_SHOWN = 20;

/** What the server, or the connection to it, has done that it never must. One is enough to void a run. */
export class Faults {
  readonly #shown: string[] = [];
  #count = 0;
  #wake: (() => void) | undefined;

  add(what: string): void {
    this.#count += 1;
    if (this.#shown.length < FAULTS_SHOWN) this.#shown.push(what);
    this.#wake?.();
  }

  get some(): boolean {
    return this.#count > 0;
  }

  /** Resolves at the first fault, so that nobody waits for what will not come. */
  get first(): Promise<void> {
    return new Promise((resolve) => {
      if (this.some) resolve();
      this.#wake = resolve;
    });
  }

  list(): readonly string[] {
    const more = this.#count - this.#shown.length;
    return more > 0 ? [...this.#shown, `and ${String(more)} more`] : this.#shown;
  }
}
