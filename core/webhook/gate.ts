import type { Millis } from '../kernel/ids.ts';

/** Pause between two tries of an endpoint that is away; doubles each time. */
const AWAY_MS = 500;
export const AWAY_MS_MAX = 30_000;

type Waiter = Readonly<{ who: object; wake: () => void }>;

/**
 * Closed while an endpoint is away. One tries, after ever longer pauses, and all others wait until it is
 * open. The one that tries changes each time: it might be its own call that the endpoint cannot bear.
 */
export class Gate {
  readonly #pause: (ms: Millis) => Promise<void>;
  readonly #waiting: Waiter[] = [];
  #holder: object | undefined;
  #closedAt: Millis | undefined;
  #tries = 0;

  constructor(pause: (ms: Millis) => Promise<void>) {
    this.#pause = pause;
  }

  get closedAt(): Millis | undefined {
    return this.#closedAt;
  }

  /** Resolves when it is open, or when it is this one's turn to try. */
  async passed(who: object): Promise<void> {
    while (this.#holder !== undefined && this.#holder !== who) {
      await new Promise<void>((wake) => this.#waiting.push({ who, wake }));
    }
  }

  /** A try has failed. Who does not hold it closed only waits, in `passed`. */
  async close(who: object, at: Millis): Promise<void> {
    if (this.#holder !== undefined && this.#holder !== who) return;
    this.#holder = who;
    this.#closedAt ??= at;
    const ms = Math.min(AWAY_MS * 2 ** Math.min(this.#tries, 20), AWAY_MS_MAX);
    this.#tries += 1;
    await this.#pause(ms);
    const next = this.#waiting.shift();
    // Opened meanwhile, or nobody else waits.
    if (this.#holder !== who || next === undefined) return next?.wake();
    this.#holder = next.who;
    next.wake();
  }

  open(): void {
    this.#holder = undefined;
    this.#closedAt = undefined;
    this.#tries = 0;
    for (const { wake } of this.#waiting.splice(0)) wake();
  }
}
