import { done, doneWhenSeen, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { ConversationId, EventId, UserId } from '../kernel/ids.ts';
import { emptySide, type Side } from '../sequence/side.ts';
import type { InboxWriters } from './decider.ts';
import {
  type ConversationKind,
  type ConversationSettings,
  type InboxEvent,
  type Peer,
} from './events.ts';
import type { Doing, KnownSide } from './ports.ts';

export type Configure = Readonly<{
  user: UserId;
  conversation: ConversationId;
  kind: ConversationKind;
  peer: Peer;
  settings: ConversationSettings;
  notes: Readonly<{ ex?: string; attachedInfo?: string }>;
}>;

export type InboxDeps = Readonly<{
  writers: InboxWriters;
  known: KnownSide;
  newId: () => EventId;
  doing: Doing;
}>;

/** The wishes that are not so already. */
const changed = <T extends object>(wished: T, side: Side): T => {
  const known: Readonly<Record<string, unknown>> = side;
  return Object.fromEntries(
    Object.entries(wished).filter(([key, value]) => value !== undefined && known[key] !== value),
  ) as T;
};

/** Appends to the user's inbox and waits until this process has seen it. */
export const noteInInbox =
  ({ writers, newId, doing }: Omit<InboxDeps, 'known'>) =>
  async (user: UserId, event: InboxEvent, meta: Meta): Result<never> => {
    const handled = await writers.handle({
      type: 'NoteInInbox',
      id: newId(),
      at: doing.now(),
      meta,
      data: { user, event },
    });
    return doneWhenSeen(handled, doing);
  };

export const configureHandler = (deps: InboxDeps) => {
  const note = noteInInbox(deps);
  return async (
    { user, conversation, kind, peer, settings, notes }: Configure,
    meta: Meta,
  ): Result<'conversation/not-party'> => {
    const { head, side } = await deps.known(user, conversation);
    if (head?.group === undefined && head !== undefined && head.first !== user) {
      if (head.second !== user) {
        return refuse('conversation/not-party', `${user} takes no part in ${conversation}`);
      }
    }
    const newSettings = changed(settings, side);
    const newNotes = changed(notes, side);
    const isNew =
      head === undefined && side.configuredPos === emptySide(user, conversation).configuredPos;
    const same = Object.keys(newSettings).length === 0 && Object.keys(newNotes).length === 0;
    if (same && !isNew) return done({}, undefined);
    return note(
      user,
      {
        type: 'ConversationConfigured',
        data: {
          user,
          conversation,
          kind,
          peer,
          settings: newSettings,
          ...(Object.keys(newNotes).length === 0 ? {} : { notes: newNotes }),
        },
      },
      meta,
    );
  };
};
