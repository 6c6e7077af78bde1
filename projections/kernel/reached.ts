import type { Position } from '../../core/kernel/ids.ts';
import { keyOf } from './checkpoint.ts';
import type { Projection } from './model.ts';
import { Waiters } from './waiters.ts';

/** How often the checkpoints are looked up for those who wait, where no runner is at work to tell. */
export const POLL_EVERY_MS = 250;

export type ReachedOptions = Readonly<{
  projections: readonly Projection[];
  /** Where the read models stand, by `keyOf`. */
  read: () => Promise<ReadonlyMap<string, Position>>;
  /** After each commit of the runner here: other processes are told. */
  onMoved?: ((key: string, position: Position) => void) | undefined;
}>;

/**
 * How far the read models have come, for whoever wants to read what it wrote. The runner of this process
 * tells after each commit; if it runs elsewhere the rows are asked, for as long as somebody waits.
 */
export class Reached {
  readonly #options: ReachedOptions;
  readonly #waiters: ReadonlyMap<string, Waiters>;
  #told = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ReachedOptions) {
    this.#options = options;
    this.#waiters = new Map(options.projections.map((one) => [keyOf(one), new Waiters(0)]));
  }

  /** Whether all of the read models (those named, if any are) came to the position in time. */
  async waitFor(position: Position, ms: number, names: readonly string[] = []): Promise<boolean> {
    const concerned = this.#options.projections.filter(
      ({ name }) => names.length === 0 || names.includes(name),
    );
    const waits = concerned.map((one) => this.#of(one).waitFor(position, ms));
    if (this.isWaitedFor && !this.#told) this.#pollSoon(0);
    const reached = await Promise.all(waits);
    return reached.every(Boolean);
  }

  get isWaitedFor(): boolean {
    return [...this.#waiters.values()].some(({ count }) => count > 0);
  }

  /** From now on `moved` is called after each commit, or no longer. */
  tell(told: boolean): void {
    this.#told = told;
    if (!told && this.isWaitedFor) this.#pollSoon(0);
  }

  moved(projection: Projection, position: Position): void {
    this.#of(projection).moveTo(position);
    this.#options.onMoved?.(keyOf(projection), position);
  }

  /** A runner elsewhere has told, or its checkpoint was seen. Others' read models are passed over. */
  heard(key: string, position: Position): void {
    if (!this.#told) this.#waiters.get(key)?.moveTo(position);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const waiters of this.#waiters.values()) waiters.close();
  }

  #of(projection: Projection): Waiters {
    const waiters = this.#waiters.get(keyOf(projection));
    if (waiters === undefined) throw new Error(`nobody follows ${keyOf(projection)} here`);
    return waiters;
  }

  #pollSoon(ms: number): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#poll(), ms);
  }

  async #poll(): Promise<void> {
    // Postgres may be away: then nobody's position is reached, and time runs out for those who wait.
    const found = await this.#options.read().catch(() => new Map<string, Position>());
    this.#timer = undefined;
    if (this.#closed || this.#told) return;
    for (const [key, waiters] of this.#waiters) {
      const position = found.get(key);
      if (position !== undefined) waiters.moveTo(position);
    }
    if (this.isWaitedFor) this.#pollSoon(POLL_EVERY_MS);
  }
}
