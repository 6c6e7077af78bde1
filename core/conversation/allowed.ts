import { refuse, type Refused } from '../kernel/decider.ts';
import type { ConversationId, GroupId, Millis, UserId } from '../kernel/ids.ts';
import type { Parties } from './events.ts';
import { group as conversationOfGroup } from './ids.ts';
import type { Known, Standing } from './ports.ts';

/** Receives nothing (OpenIM's globalRecvMsgOpt). */
const RECEIVE_NOTHING = 1;
const RECEIVE_QUIETLY = 2;
/** OpenIM's roleLevel. */
const OWNER = 100;
const ADMIN = 60;

export type NotAllowed =
  | 'conversation/not-party'
  | 'message/not-received'
  | 'message/blocked'
  | 'message/not-friends'
  | 'message/not-in-group'
  | 'message/muted'
  | 'message/group-muted'
  | 'user/unknown'
  | 'group/unknown'
  | 'group/dismissed'
  | 'service/unavailable';

type Allowed = Readonly<{ quietly: boolean }> | Refused<NotAllowed>;

/** Checks that look at other streams, just before; what they know may be a moment old. */
export const mayBeSent = (
  known: Known,
  send: Readonly<{ message: Parties; conversation: ConversationId; privileged: boolean }>,
  at: Millis,
): Promise<Allowed> => {
  const { message, conversation, privileged } = send;
  return 'group' in message
    ? mayBeSaidIn(known, { conversation, from: message.from, group: message.group, privileged, at })
    : mayBeSentTo(known, message.from, message.to, privileged);
};

const mayBeSentTo = async (
  known: Known,
  from: UserId,
  to: UserId,
  privileged: boolean,
): Promise<Allowed> => {
  const sender = known.userAtHand(from) ?? (await known.user(from));
  const receiver = known.userAtHand(to) ?? (await known.user(to));
  if (sender.status === 'unknown') {
    return refuse('user/unknown', `sendID: ${from} is not registered`);
  }
  if (receiver.status === 'unknown') {
    return refuse('user/unknown', `recvID: ${to} is not registered`);
  }
  if (!privileged && receiver.globalReceive === RECEIVE_NOTHING) {
    return refuse('message/not-received', `recvID: ${to} receives no messages`);
  }
  const closed = privileged ? undefined : await closedTo(known, from, to);
  return closed ?? { quietly: receiver.globalReceive === RECEIVE_QUIETLY };
};

const closedTo = async (
  known: Known,
  from: UserId,
  to: UserId,
): Promise<Refused<NotAllowed> | undefined> => {
  const reached = known.reach(from, to);
  switch (typeof reached === 'string' ? reached : await reached) {
    case 'open':
      return undefined;
    case 'blocked':
      return refuse('message/blocked', `recvID: ${to} takes no messages of this sender`);
    case 'stranger':
      return refuse('message/not-friends', `recvID: ${to} takes messages of friends only`);
    case 'behind':
      return behind(`whether ${to} takes messages of this sender`);
  }
};

/** Refused for a moment, rather than let somebody speak who has been kept from it. */
export const behind = (what: string): Refused<'service/unavailable'> =>
  refuse('service/unavailable', `${what} cannot be told now; try again`);

const mayBeSaidIn = async (
  known: Known,
  {
    conversation,
    from,
    group,
    privileged,
    at,
  }: Readonly<{
    conversation: string;
    from: UserId;
    group: GroupId;
    privileged: boolean;
    at: Millis;
  }>,
): Promise<Allowed> => {
  if (conversation !== conversationOfGroup(group)) {
    return refuse('conversation/not-party', `${conversation} is not the chat of ${group}`);
  }
  const asked = known.standing(group, from);
  const standing = asked instanceof Promise ? await asked : asked;
  if (standing === 'behind') return behind('who is in the group');
  return silencedIn(standing, privileged, at) ?? { quietly: false };
};

/** In OpenIM's order. App admins and system accounts need not be members. */
const silencedIn = (
  { status, role, mutedUntil, groupMuted }: Standing,
  privileged: boolean,
  at: Millis,
): Refused<NotAllowed> | undefined => {
  if (status === 'unknown') return refuse('group/unknown', 'groupID: there is no such group');
  if (status === 'dismissed') {
    return refuse('group/dismissed', 'groupID: the group has been dismissed');
  }
  if (privileged) return undefined;
  if (role === undefined) {
    return refuse('message/not-in-group', 'sendID: is not a member of the group');
  }
  if (role === OWNER) return undefined;
  if (mutedUntil >= at && mutedUntil > 0) {
    return refuse('message/muted', 'sendID: is muted in the group');
  }
  return groupMuted && role < ADMIN
    ? refuse('message/group-muted', 'groupID: the group is muted')
    : undefined;
};
