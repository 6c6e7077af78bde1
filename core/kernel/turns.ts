import type { Millis } from './ids.ts';

/** For so long after a conflict a stream counts as one that others write as well. */
const SHARED_MS = 10_000;
/** Others have their turn for so many times as long as the last append took, and no longer than this. */
const TURN_TIMES = 4;
const TURN_MS_MAX = 100;
/** Once so many appends in a row had nobody before them, others do not write any more. */
const CALM_APPENDS = 3;

/**
 * When a writer of a stream gives way. Who has just appended knows the newest state and would be first again, while
 * whoever has lost has to read: without this one of them loses until it gives up.
 */
export class Turns {
  #conflictAt = -Infinity;
  #tookMs = 0;
  #calm = 0;

  appended(begun: Millis, ended: Millis, isConflict: boolean): void {
    this.#tookMs = ended - begun;
    this.#calm = isConflict ? 0 : this.#calm + 1;
    if (isConflict) this.#conflictAt = ended;
  }

  /** How long others are to be let before the next append. */
  due(now: Millis): Millis {
    return now - this.#conflictAt > SHARED_MS || this.#calm >= CALM_APPENDS
      ? 0
      : Math.min(this.#tookMs * TURN_TIMES, TURN_MS_MAX);
  }
}
