import { done, doneWhenSeen, type Result } from '../kernel/call.ts';
import { refuse, type Refused } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import { group, notificationAccount, single } from '../conversation/ids.ts';
import type { Reach } from '../conversation/ports.ts';
import type { ConversationId, EventId, Position, UserId } from '../kernel/ids.ts';
import { isListedFor, type SeenHead } from '../sequence/head.ts';
import { isDeleted, type Side } from '../sequence/side.ts';
import type { InboxWriters } from './decider.ts';
import {
  type ConversationKind,
  type ConversationSettings,
  type InboxEvent,
  type Peer,
} from './events.ts';
import type { Doing, PartIn, KnownSide, UserOf } from './ports.ts';

export type Configure = Readonly<{
  user: UserId;
  conversation: ConversationId;
  kind: ConversationKind;
  peer: Peer;
  settings: ConversationSettings;
  notes: Readonly<{ ex?: string; attachedInfo?: string }>;
  /** An app admin wishes it: blocks do not apply. */
  privileged?: true;
}>;

export type ConfigureRefusal =
  | 'conversation/not-party'
  | 'group/unknown'
  | 'message/not-received'
  | 'message/blocked'
  | 'message/not-friends'
  | 'service/unavailable'
  | 'user/unknown';

export type InboxDeps = Readonly<{
  writers: InboxWriters;
  known: KnownSide;
  userOf: UserOf;
  partIn: PartIn;
  reach: Reach;
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
  ({ writers, newId, doing }: Omit<InboxDeps, 'known' | 'userOf' | 'partIn' | 'reach'>) =>
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

/** Receives nothing (OpenIM's globalRecvMsgOpt). */
const RECEIVE_NOTHING = 1;

const idOf = (user: UserId, { kind, peer }: Configure): ConversationId | undefined => {
  if ('group' in peer) return kind === 3 ? group(peer.group) : undefined;
  switch (kind) {
    case 1:
      return single(user, peer.user);
    case 4:
      return notificationAccount(user, peer.user);
    case 3:
      return undefined;
  }
};

/**
 * A row of a list is made of what the caller says of it, and what is set for a private chat is told to the
 * other: so it must be the conversation of the two, and the other one whom the user may write to.
 */
const mayBeConfigured = async (
  { userOf, partIn, reach }: Pick<InboxDeps, 'userOf' | 'partIn' | 'reach'>,
  wish: Configure,
): Promise<Refused<ConfigureRefusal> | undefined> => {
  const { user, conversation, peer, settings } = wish;
  if (idOf(user, wish) !== conversation) {
    return refuse(
      'conversation/not-party',
      `conversationID: ${conversation} is not the one of ${user} and the peer that is named`,
    );
  }
  if ('group' in peer) {
    switch (await partIn(peer.group, user)) {
      case 'part':
        return undefined;
      case 'none':
        return refuse('conversation/not-party', `${user} takes no part in ${conversation}`);
      case 'no-group':
        return refuse('group/unknown', 'groupID: there is no such group');
    }
  }
  const other = await userOf(peer.user);
  if (other.status === 'unknown') {
    return refuse('user/unknown', `userID: ${peer.user} is not registered`);
  }
  if (settings.privateChat === true && other.globalReceive === RECEIVE_NOTHING) {
    return refuse('message/not-received', `userID: ${peer.user} receives no messages`);
  }
  const isTold = settings.privateChat !== undefined && wish.privileged !== true;
  return isTold ? closedTo(await reach(user, peer.user), peer.user) : undefined;
};

/** Whether a chat is private is told to the other by a line, which must not get where a message would not. */
const closedTo = (
  reached: Awaited<ReturnType<Reach>>,
  peer: UserId,
): Refused<ConfigureRefusal> | undefined => {
  switch (reached) {
    case 'open':
      return undefined;
    case 'blocked':
      return refuse('message/blocked', `userID: ${peer} takes no messages of this user`);
    case 'stranger':
      return refuse('message/not-friends', `userID: ${peer} takes messages of friends only`);
    case 'behind':
      return refuse(
        'service/unavailable',
        `whether ${peer} takes messages of this user cannot be told now; try again`,
      );
  }
};

/**
 * What a member of a group is pointed to is worked out and stands in no setting, so to put it aside is a change as
 * it is: unless nothing has been said since that was done.
 */
const putAside = (
  { kind, settings: { groupAtType } }: Configure,
  head: SeenHead | undefined,
  side: Side,
): ConversationSettings => {
  const mayBePointed = kind === 3 && head !== undefined && head.maxSeqPos > side.atSetPos;
  return groupAtType !== undefined && mayBePointed ? { groupAtType } : {};
};

/** Something was said, and the user has not deleted its row since. */
const isThere = (head: SeenHead | undefined, side: Side): head is SeenHead =>
  head !== undefined && !isDeleted(side, head.maxSeq);

export const configureHandler = (deps: InboxDeps) => {
  const note = noteInInbox(deps);
  return async (wish: Configure, meta: Meta): Result<ConfigureRefusal> => {
    const { user, conversation, kind, peer, settings, notes } = wish;
    const refused = await mayBeConfigured(deps, wish);
    if (refused !== undefined) return refused;
    const { head, side } = await deps.known(user, conversation);
    if (head?.group === undefined && head !== undefined && head.first !== user) {
      if (head.second !== user) {
        return refuse('conversation/not-party', `${user} takes no part in ${conversation}`);
      }
    }
    const newSettings = { ...changed(settings, side), ...putAside(wish, head, side) };
    const newNotes = changed(notes, side);
    const isNew = side.configuredPos === 0 && !isThere(head, side);
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

export type DeleteConversations = Readonly<{
  user: UserId;
  conversations: readonly ConversationId[];
}>;

/** Those that are not in the user's list are passed over. */
export const deleteHandler = (deps: Omit<InboxDeps, 'userOf' | 'partIn' | 'reach'>) => {
  const note = noteInInbox(deps);
  return async ({ user, conversations }: DeleteConversations, meta: Meta): Result<never> => {
    let newest: Position | undefined;
    for (const conversation of new Set(conversations)) {
      const { head, side } = await deps.known(user, conversation);
      const isListed = isThere(head, side) && isListedFor(head, user);
      if (!isListed && side.kind === undefined) continue;
      const data = { user, conversation, upTo: head?.maxSeq ?? 0 };
      const result = await note(user, { type: 'ConversationDeleted', data }, meta);
      if (result.kind === 'done') newest = result.position ?? newest;
    }
    return done({}, newest);
  };
};
