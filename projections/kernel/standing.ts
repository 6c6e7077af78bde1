import type { Position } from '../../core/kernel/ids.ts';
import { keyOf } from './checkpoint.ts';
import type { Projection } from './model.ts';
import type { Reached } from './reached.ts';
import type { Lag, ProjectionLag } from './runnerState.ts';
import type { Tail } from './tail.ts';

/** How often it is looked where the read models stand that another process builds. */
const LOOK_EVERY_MS = 1_000;

export type StandingOptions = Readonly<{
  projections: readonly Projection[];
  /** Where the read models stand, by `keyOf`. */
  read: () => Promise<ReadonlyMap<string, Position>>;
  tail: Pick<Tail, 'after' | 'covers' | 'head' | 'trim'>;
  reached: Reached;
  /** A runner of this process is at work and tells of its own commits. */
  isTold: () => boolean;
}>;

/** Where the read models stand that another process builds, so that the tail here need not hold what they have. */
export class Standing {
  readonly #options: StandingOptions;
  #positions: ReadonlyMap<string, Position> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: StandingOptions) {
    this.#options = options;
  }

  /** Looks now and from then on. */
  start(): void {
    void this.#look();
  }

  lags(): readonly ProjectionLag[] {
    const { projections, tail } = this.#options;
    return projections.map((projection) => {
      const position = this.#positions.get(keyOf(projection)) ?? 0;
      const waitingSince = tail.after(position, 1)?.at(0)?.created;
      return { projection: keyOf(projection), position, head: tail.head, waitingSince };
    });
  }

  lag(): Lag {
    return this.lags().reduce((slowest, lag) => (lag.position < slowest.position ? lag : slowest));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { read, isTold } = this.#options;
    if (!isTold()) {
      // Postgres may be away: then they stand where they stood.
      const found = await read().catch(() => undefined);
      if (found !== undefined && !this.#closed && !isTold()) this.#take(found);
    }
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  #take(found: ReadonlyMap<string, Position>): void {
    const { projections, tail, reached } = this.#options;
    this.#positions = found;
    for (const [key, position] of found) reached.heard(key, position);
    const covered = projections
      .map((projection) => found.get(keyOf(projection)) ?? 0)
      .filter((position) => tail.covers(position));
    if (covered.length > 0) tail.trim(Math.min(...covered));
  }
}
