import type { EventLog, Place } from './eventLog.ts';
import type { EventId, Millis, Revision } from './ids.ts';

/** Places that are read at a time. */
const PAGE = 500;

type Wanted = Readonly<{
  stream: string;
  id: EventId;
  /** The newest that it may be. */
  from: Revision | 'end';
  /** It cannot have been appended before. */
  since: Millis;
}>;

/** Where an event stands that may have been appended since a time: looked for backwards, as far as that. */
export const revisionSince = async (
  log: Pick<EventLog, 'readPlaces'>,
  { stream, id, from, since }: Wanted,
): Promise<Revision | undefined> => {
  for (let next = from; ;) {
    const options = { from: next, direction: 'backwards', max: PAGE } as const;
    const places: readonly Place[] = await log.readPlaces(stream, options);
    const found = places.find((place) => place.id === id);
    if (found !== undefined) return found.revision;
    const oldest = places.at(-1);
    if (oldest === undefined || oldest.revision === 0 || oldest.created < since) return undefined;
    next = oldest.revision - 1;
  }
};
