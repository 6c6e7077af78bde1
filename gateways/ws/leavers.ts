import type { EventId, Millis } from '../../core/kernel/ids.ts';
import type { Connection } from './connection.ts';

/** The line that says who has gone follows its fact in some milliseconds. */
const KEPT_MS = 60_000;

type Leaving = Readonly<{ connections: readonly Connection[]; at: Millis }>;

const NOBODY: readonly Connection[] = [];

/**
 * Who has gone from a group hears of it no more, but for the line and the notice that say so. Kept by the
 * fact by which they went, which both name as their cause.
 */
export class Leavers {
  readonly #byFact = new Map<EventId, Leaving>();

  keep(fact: EventId, connections: readonly Connection[], at: Millis): void {
    for (const [old, { at: since }] of this.#byFact) {
      if (at - since < KEPT_MS) break;
      this.#byFact.delete(old);
    }
    if (connections.length > 0) this.#byFact.set(fact, { connections, at });
  }

  /** Whom a line that follows from this fact goes to as well. */
  of(fact: EventId | undefined): readonly Connection[] {
    return fact === undefined ? NOBODY : (this.#byFact.get(fact)?.connections ?? NOBODY);
  }

  /** Their notice has gone out, and it comes after the lines. */
  told(fact: EventId | undefined): void {
    if (fact !== undefined) this.#byFact.delete(fact);
  }
}
