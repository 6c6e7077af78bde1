import { accept, type Decider } from '../kernel/decider.ts';
import type { EventLog } from '../kernel/eventLog.ts';
import type { Command } from '../kernel/fact.ts';
import type { EventId, UserId } from '../kernel/ids.ts';
import type { Loaded, StreamWriters } from '../kernel/writer.ts';
import type { InboxEvent } from './events.ts';

/** An inbox event as it is wished for; whether it changes anything is known from the user's side. */
export type NoteInInbox = Command<'NoteInInbox', { user: UserId; event: InboxEvent }>;

/** The stream may be long and its events do not depend on each other: only its end is known. */
export type Inbox = Readonly<{ newest: EventId | undefined }>;

export const inbox: Decider<NoteInInbox, InboxEvent, Inbox, never> = {
  initialState: { newest: undefined },
  evolve: (_, { id }) => ({ newest: id }),
  decide: ({ id, data: { event } }, { newest }) =>
    newest === id ? accept() : accept({ ...event, id }),
};

export const loadInbox =
  (log: EventLog) =>
  async (stream: string): Promise<Loaded<Inbox>> => {
    const [newest] = await log.readStream<InboxEvent>(stream, {
      from: 'end',
      direction: 'backwards',
      max: 1,
    });
    return { state: { newest: newest?.id }, revision: newest?.revision ?? -1 };
  };

export type InboxWriters = StreamWriters<NoteInInbox, InboxEvent, Inbox, never>;
