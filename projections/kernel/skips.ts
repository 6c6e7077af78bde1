import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Position } from '../../core/kernel/ids.ts';
import { projectorStream, type ProjectorEvent } from '../../core/projector/events.ts';
import { keyOf } from './checkpoint.ts';
import type { Projection } from './model.ts';
import type { Event } from './tail.ts';

const PAGE = 500;

/**
 * Which events operators have decided to do without, by version of a read model. The decisions are events
 * themselves, so that whoever builds the read model anew leaves out the same ones.
 */
export class Skips {
  /** By `keyOf`. */
  readonly #positions = new Map<string, Set<Position>>();

  /** Takes what the follower hands over (a `Listener`): decisions that are made from now on. */
  readonly take = (events: readonly Event[]): void => {
    for (const event of events) if (event.type === 'ProjectionSkipped') this.#add(event);
  };

  /** Decisions made before. */
  async load(log: EventLog, projections: readonly Projection[]): Promise<void> {
    for (const name of new Set(projections.map((projection) => projection.name))) {
      for (let from = 0, full = true; full; from += PAGE) {
        const events = await log.readStream<ProjectorEvent>(projectorStream(name), {
          from,
          direction: 'forwards',
          max: PAGE,
        });
        for (const event of events) this.#add(event);
        full = events.length === PAGE;
      }
    }
  }

  has(key: string, position: Position): boolean {
    return this.#positions.get(key)?.has(position) === true;
  }

  /** Those of the events that the projection takes. */
  without(projection: Projection, events: readonly Event[]): readonly Event[] {
    const skipped = this.#positions.get(keyOf(projection));
    return skipped === undefined ? events : events.filter(({ position }) => !skipped.has(position));
  }

  #add({ data: { projection: name, version, position } }: ProjectorEvent): void {
    const key = keyOf({ name, version });
    const positions = this.#positions.get(key) ?? new Set();
    this.#positions.set(key, positions.add(position));
  }
}

/** As much of a `Tail` as reads at the head need. */
type Newest = Readonly<{
  covers: (checkpoint: Position) => boolean;
  touching: (name: string, after?: Position) => readonly Event[];
}>;

/** The tail as one read model is to see it: what is folded at the head is what will be in its tables. */
export const tailOf = (tail: Newest, skips: Skips, projection: Projection): Newest => ({
  covers: (checkpoint) => tail.covers(checkpoint),
  touching: (name, after) => skips.without(projection, tail.touching(name, after)),
});
