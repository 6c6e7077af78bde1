import { refuse, type Refused } from '../kernel/decider.ts';
import type { ConversationId, GroupId, Millis, UserId } from '../kernel/ids.ts';
import type { Parties } from './events.ts';
import { group as conversationOfGroup } from './ids.ts';
import type { User } from '../user/decider.ts';
import type { Known, Reached, Standing } from './ports.ts';

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

/** `quietly`: its receiver is not to be woken by it. */
export type MayBeSent = Readonly<{ quietly: boolean }> | Refused<NotAllowed>;

/**
 * Checks that look at other streams, just before; what they know may be a moment old. Most of the time all of it is at
 * hand, and nothing is waited for.
 */
export const mayBeSent = (
  known: Known,
  send: Readonly<{ message: Parties; conversation: ConversationId; privileged: boolean }>,
  at: Millis,
): MayBeSent | Promise<MayBeSent> => {
  const { message, conversation, privileged } = send;
  if ('group' in message) {
    const { from, group } = message;
    return mayBeSaidIn(known, { conversation, from, group, privileged, at });
  }
  const { from, to } = message;
  const sender = known.userAtHand(from);
  const receiver = known.userAtHand(to);
  // Written out: what begins with `...` is of a new shape each time, and takes a microsecond.
  return sender === undefined || receiver === undefined
    ? lookedUp(known, { from, to, privileged })
    : mayBeSentTo(known, { from, to, privileged, sender, receiver });
};

type Pair = Readonly<{ from: UserId; to: UserId; privileged: boolean }>;

const lookedUp = async (known: Known, { from, to, privileged }: Pair): Promise<MayBeSent> => {
  const sender = await known.user(from);
  const receiver = await known.user(to);
  return mayBeSentTo(known, { from, to, privileged, sender, receiver });
};

const mayBeSentTo = (
  known: Known,
  { from, to, privileged, sender, receiver }: Pair & Readonly<{ sender: User; receiver: User }>,
): MayBeSent | Promise<MayBeSent> => {
  if (sender.status === 'unknown') {
    return refuse('user/unknown', `sendID: ${from} is not registered`);
  }
  if (receiver.status === 'unknown') {
    return refuse('user/unknown', `recvID: ${to} is not registered`);
  }
  if (!privileged && receiver.globalReceive === RECEIVE_NOTHING) {
    return refuse('message/not-received', `recvID: ${to} receives no messages`);
  }
  const allowed = { quietly: receiver.globalReceive === RECEIVE_QUIETLY };
  if (privileged) return allowed;
  const reached = known.reach(from, to);
  return typeof reached === 'string'
    ? (closedTo(reached, to) ?? allowed)
    : reached.then((told) => closedTo(told, to) ?? allowed);
};

const closedTo = (reached: Reached, to: UserId): Refused<NotAllowed> | undefined => {
  switch (reached) {
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

type Speaker = Readonly<{
  conversation: ConversationId;
  from: UserId;
  group: GroupId;
  privileged: boolean;
  at: Millis;
}>;

const mayBeSaidIn = (known: Known, speaker: Speaker): MayBeSent | Promise<MayBeSent> => {
  const { conversation, from, group } = speaker;
  if (conversation !== conversationOfGroup(group)) {
    return refuse('conversation/not-party', `${conversation} is not the chat of ${group}`);
  }
  const standing = known.standing(group, from);
  return standing instanceof Promise
    ? standing.then((told) => standsSo(told, speaker))
    : standsSo(standing, speaker);
};

const standsSo = (standing: Standing | 'behind', { privileged, at }: Speaker): MayBeSent =>
  standing === 'behind'
    ? behind('who is in the group')
    : (silencedIn(standing, privileged, at) ?? { quietly: false });

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
