type Gone = readonly [id: string, place: number];

/** Those that went last: of whoever went before them, only up to where is remembered. */
const GONE_KEPT = 200;

/** Who went from one list, and when its order changed: by positions, or by versions of its own. */
export class Turns {
  readonly #gone: Gone[] = [];
  floor = 0;
  sorted = 0;

  went(id: string, place: number): void {
    this.#gone.push([id, place]);
    if (this.#gone.length > GONE_KEPT) this.floor = this.#gone.shift()?.[1] ?? 0;
  }

  /** Who comes back stands elsewhere than before. */
  came(id: string, place: number): void {
    for (let at = this.#gone.length - 1; at >= 0; at--) {
      if (this.#gone[at]?.[0] !== id) continue;
      this.#gone.splice(at, 1);
      this.sorted = place;
    }
  }

  get text(): string {
    return JSON.stringify(this.#gone);
  }
}
