import type { EventLog, Place } from '../kernel/eventLog.ts';
import type { EventId, Millis, Position, Revision } from '../kernel/ids.ts';
import type { InboxWriters, NoteInInbox } from './decider.ts';
import { inboxStream } from './events.ts';

/** Places that are read at a time, backwards. */
const PAGE = 500;

type NoteDeps = Readonly<{
  writers: Pick<InboxWriters, 'handle'>;
  log: Pick<EventLog, 'readPlaces' | 'readStream'>;
}>;

/** Where it stands; absent: it has been there, and is no news. */
type Noted = Readonly<{ position?: Position }>;

/** Appends what follows in an inbox from a fact of that time, or finds it appended before. */
type NoteSince = (command: NoteInInbox, since: Millis) => Promise<Noted>;

const revisionSince = async (
  { log }: NoteDeps,
  stream: string,
  id: EventId,
  since: Millis,
): Promise<Revision | undefined> => {
  for (let from: Revision | 'end' = 'end'; ;) {
    const options = { from, direction: 'backwards', max: PAGE } as const;
    const places: readonly Place[] = await log.readPlaces(stream, options);
    const found = places.find((place) => place.id === id);
    if (found !== undefined) return found.revision;
    const oldest = places.at(-1);
    if (oldest === undefined || oldest.revision === 0 || oldest.created < since) return undefined;
    from = oldest.revision - 1;
  }
};

/**
 * The writer of an inbox knows its newest event alone. Whoever does again what follows from a fact comes when its
 * owner may have set the very thing otherwise: then the setting that follows must not be put in once more.
 */
export const noteSince =
  (deps: NoteDeps): NoteSince =>
  async (command, since) => {
    const stream = inboxStream(command.data.user);
    const revision = await revisionSince(deps, stream, command.id, since);
    if (revision === undefined) {
      const handled = await deps.writers.handle(command);
      return handled.kind === 'refused' ? {} : handled;
    }
    const options = { from: revision, direction: 'forwards', max: 1 } as const;
    const [event] = await deps.log.readStream(stream, options);
    return event === undefined ? {} : { position: event.position };
  };
