import type { Position } from '../../core/kernel/ids.ts';

type Waiter = { position: Position; settle: (reached: boolean) => void; settled: boolean };

/** Waiters that have given up are cleared away once there are this many, and more of them than others. */
const SETTLED_KEPT = 64;

/** Those who wait until something has come to a position of the log, each with a time limit. */
export class Waiters {
  /** By position. Those who have given up may still be among them. */
  #waiting: Waiter[] = [];
  #settled = 0;
  #reached: Position;
  #closed = false;

  constructor(reached: Position) {
    this.#reached = reached;
  }

  get reached(): Position {
    return this.#reached;
  }

  get count(): number {
    return this.#waiting.length - this.#settled;
  }

  /** True once the position has been reached; false after `ms` milliseconds, or when nothing will come. */
  waitFor(position: Position, ms: number): Promise<boolean> {
    if (this.#reached >= position) return Promise.resolve(true);
    if (this.#closed || ms <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        if (waiter.settled) return;
        waiter.settled = true;
        clearTimeout(timer);
        resolve(reached);
      };
      const waiter: Waiter = { position, settle, settled: false };
      const timer = setTimeout(() => {
        settle(false);
        this.#settled += 1;
        this.#tidy();
      }, ms);
      this.#insert(waiter);
    });
  }

  /** Where it stands now. It may fall back (a database that lost its last moments); nobody is un-told. */
  moveTo(position: Position): void {
    this.#reached = position;
    let through = 0;
    for (const waiter of this.#waiting) {
      if (waiter.position > position && !waiter.settled) break;
      if (waiter.settled) this.#settled -= 1;
      waiter.settle(true);
      through += 1;
    }
    if (through > 0) this.#waiting.splice(0, through);
  }

  /** Nothing will come any more: tells those who wait. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting) waiter.settle(false);
    this.#waiting = [];
    this.#settled = 0;
  }

  /** While nothing moves, nobody's turn comes: those who have given up must not pile up. */
  #tidy(): void {
    if (this.#settled < SETTLED_KEPT || this.#settled * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.filter(({ settled }) => !settled);
    this.#settled = 0;
  }

  /** Positions are mostly asked for in the order they were made in, so the place is near the end. */
  #insert(waiter: Waiter): void {
    let index = this.#waiting.length;
    while (index > 0 && (this.#waiting[index - 1]?.position ?? 0) > waiter.position) index -= 1;
    this.#waiting.splice(index, 0, waiter);
  }
}
