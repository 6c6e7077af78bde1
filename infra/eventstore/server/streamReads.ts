import type { Direction, EventStore, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Millis, Revision } from '../../../core/kernel/ids.ts';
import { NO_REVISION } from '../expectedRevision.ts';
import type { EncodedEvents } from './encodedEvents.ts';
import { Refused } from './failures.ts';
import type { Visibility } from './streamMetadata.ts';
import { newestOf, type StreamStates } from './streamStates.ts';

/** Events of one page: at the size an event may have, 16 MiB are held. */
const PAGE_EVENTS_MAX = 64;

export type StreamSource = Readonly<{
  store: EventStore;
  states: StreamStates;
  encoded: EncodedEvents;
  now: () => Millis;
}>;

/** From where, in which direction, and at most how many. */
export type StreamPart = Readonly<{
  from: Revision | 'start' | 'end';
  direction: Direction;
  count: number;
}>;

/**
 * The visible events of a stream, page by page, up to its end as of when that is reached. Its value at
 * the end: whether there is such a stream. @throws Refused for a tombstoned one
 */
export async function* streamPages(
  source: StreamSource,
  stream: string,
  part: StreamPart,
): AsyncGenerator<readonly StoredEvent[], boolean> {
  const { direction } = part;
  const step = direction === 'forwards' ? 1 : -1;
  let left = part.count;
  let from = part.from;
  for (;;) {
    const bounds = await boundsOf(source, stream);
    if (bounds === undefined) return false;
    if (from === 'start' || from === 'end') from = from === 'start' ? bounds.first : bounds.last;
    if (direction === 'forwards') from = Math.max(from, bounds.first);
    else from = Math.min(from, bounds.last);
    if (left <= 0 || from < bounds.first || from > bounds.last) return true;
    const max = Math.min(PAGE_EVENTS_MAX, left);
    const events = await source.store.readStream(stream, { from, direction, max });
    const last = events.at(-1);
    if (last === undefined) return true;
    const visible = events.filter(bounds.shows);
    left -= visible.length;
    yield visible;
    from = last.revision + step;
  }
}

type Bounds = Readonly<{
  first: Revision;
  last: Revision;
  shows: (event: StoredEvent) => boolean;
}>;

/** Of what is visible now; `undefined` where there is no stream. */
const boundsOf = async (
  { store, states, now }: StreamSource,
  stream: string,
): Promise<Bounds | undefined> => {
  const { tombstoned, visibility } = await states.of(stream);
  if (tombstoned) throw new Refused({ kind: 'stream-deleted', stream });
  const last = (await newestOf(store, stream))?.revision ?? NO_REVISION;
  if (last === NO_REVISION || visibility.softDeleted) return undefined;
  const first = firstVisible(visibility, last);
  const { ageMax } = visibility;
  const bornAfter = ageMax === undefined ? -Infinity : now() - ageMax;
  return {
    first,
    last,
    shows: ({ revision, created }) => revision >= first && created >= bornAfter,
  };
};

const firstVisible = ({ truncateBefore, countMax }: Visibility, last: Revision): Revision =>
  Math.max(truncateBefore, countMax === undefined ? 0 : last - countMax + 1);

/** The visible event at a revision. */
export const visibleEvent = async (
  source: StreamSource,
  stream: string,
  revision: Revision,
): Promise<StoredEvent | undefined> => {
  try {
    const part = { from: revision, direction: 'forwards', count: 1 } as const;
    for await (const [event] of streamPages(source, stream, part))
      return event?.revision === revision ? event : undefined;
    return undefined;
  } catch (error) {
    // A link may lead to a stream that is no more.
    if (error instanceof Refused) return undefined;
    throw error;
  }
};
