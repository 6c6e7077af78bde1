import { accept, type Decider } from '../kernel/decider.ts';
import type { Command } from '../kernel/fact.ts';
import type { EventId, UserId } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
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

export type InboxWriters = StreamWriters<NoteInInbox, InboxEvent, Inbox, never>;
