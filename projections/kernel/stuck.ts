import type { Millis, Position } from '../../core/kernel/ids.ts';
import type { Bell } from './bell.ts';
import { keyOf, type Move } from './checkpoint.ts';
import type { Projection } from './model.ts';
import type { RunnerOptions } from './runnerOptions.ts';
import type { Poison } from './runnerState.ts';

/**
 * What a read model could not take it is given again so often: it may have been the database that lacked something,
 * such as a right, and nobody tells us that it has it now.
 */
const GIVEN_AGAIN_MS = 30_000;
const LOOK_AGAIN_MS = 1_000;

/** A projection cannot take an event, and it is known which. */
export class Poisoned extends Error {
  override name = 'Poisoned';
  readonly poison: Poison;

  constructor(poison: Poison) {
    super(poison.reason);
    this.poison = poison;
  }
}

/** The event that a read model stands still at, while it is given that once more. */
export class Stuck {
  #at: Poison | undefined;

  /** Whether a read model is still before it. */
  holds(projection: Projection, position: Position): boolean {
    return this.#at?.projection === keyOf(projection) && position < this.#at.position;
  }

  isPassed({ projection, from }: Pick<Move, 'projection' | 'from'>, to: Position): boolean {
    return this.holds(projection, from.position) && !this.holds(projection, to);
  }

  forget(): void {
    this.#at = undefined;
  }

  /** Until it is skipped, or it is time to give it again. */
  async wait(
    poison: Poison,
    { skips, givenAgainMs = GIVEN_AGAIN_MS }: Pick<RunnerOptions, 'skips' | 'givenAgainMs'>,
    news: Bell,
    stopping: () => boolean,
  ): Promise<void> {
    const isSkipped = (): boolean => skips.has(poison.projection, poison.position);
    const until = performance.now() + givenAgainMs;
    const left = (): Millis => until - performance.now();
    while (!stopping() && !isSkipped() && left() > 0) {
      await news.wait(Math.min(LOOK_AGAIN_MS, left()));
    }
    this.#at = isSkipped() ? undefined : poison;
  }
}
