import type { EventLog } from '../kernel/eventLog.ts';
import type { Millis, Position } from '../kernel/ids.ts';
import { revisionSince } from '../kernel/revisionSince.ts';
import type { InboxWriters, NoteInInbox } from './decider.ts';
import { inboxStream } from './events.ts';

type NoteDeps = Readonly<{
  writers: Pick<InboxWriters, 'handle'>;
  log: Pick<EventLog, 'readPlaces' | 'readStream'>;
}>;

/** Where it stands; absent: it has been there, and is no news. */
type Noted = Readonly<{ position?: Position }>;

/** Appends what follows in an inbox from a fact of that time, or finds it appended before. */
type NoteSince = (command: NoteInInbox, since: Millis) => Promise<Noted>;

/**
 * The writer of an inbox knows its newest event alone. Whoever does again what follows from a fact comes when its
 * owner may have set the very thing otherwise: then the setting that follows must not be put in once more.
 */
export const noteSince =
  (deps: NoteDeps): NoteSince =>
  async (command, since) => {
    const stream = inboxStream(command.data.user);
    const revision = await revisionSince(deps.log, {
      ...{ stream, id: command.id, from: 'end', since },
    });
    if (revision === undefined) {
      const handled = await deps.writers.handle(command);
      return handled.kind === 'refused' ? {} : handled;
    }
    const options = { from: revision, direction: 'forwards', max: 1 } as const;
    const [event] = await deps.log.readStream(stream, options);
    return event === undefined ? {} : { position: event.position };
  };
