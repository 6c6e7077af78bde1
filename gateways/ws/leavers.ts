import type { EventId, Millis } from '../../core/kernel/ids.ts';
import type { Connection } from './connection.ts';

/** A fact that many went by has several lines, which follow each other in some milliseconds. */
const KEPT_MS = 60_000;
/** Lines wait for as long as Postgres is away: so many facts of who has gone are kept for them, some MB. */
export const WAITING_FACTS_MAX = 5_000;

type Leaving = Readonly<{ connections: readonly Connection[]; at: Millis }>;

const NOBODY: readonly Connection[] = [];

/**
 * Who has gone from a group hears of it no more, but for the line and the notice that say so. Kept by the
 * fact by which they went, which the lines name as their cause: however late they come, and also after the notice,
 * which a gateway that was cut off from the bus makes by itself.
 */
export class Leavers {
  /** Those of which no line has come yet, and those of which one has, when it did. */
  readonly #waiting = new Map<EventId, readonly Connection[]>();
  readonly #told = new Map<EventId, Leaving>();

  keep(fact: EventId, connections: readonly Connection[]): void {
    if (connections.length === 0) return;
    this.#waiting.set(fact, connections);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > WAITING_FACTS_MAX && oldest !== undefined)
      this.#waiting.delete(oldest);
  }

  /** Whom a line that follows from this fact goes to as well. */
  of(fact: EventId | undefined, at: Millis): readonly Connection[] {
    if (fact === undefined) return NOBODY;
    const connections = this.#waiting.get(fact);
    if (connections === undefined) return this.#told.get(fact)?.connections ?? NOBODY;
    this.#waiting.delete(fact);
    for (const [old, { at: since }] of this.#told) {
      if (at - since < KEPT_MS) break;
      this.#told.delete(old);
    }
    this.#told.set(fact, { connections, at });
    return connections;
  }
}
