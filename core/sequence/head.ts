import { conversationOfStream, type NumberedEvent, type Parties } from '../conversation/events.ts';
import type { Recorded } from '../kernel/fact.ts';
import type { ConversationId, GroupId, Millis, Position, Seq, UserId } from '../kernel/ids.ts';
import type { Membership } from './window.ts';

/** The one thing that may be read off an id; who takes part is in the events. */
export type ConversationForm = 'single' | 'group' | 'account' | 'notifications';

export const formOf = (conversation: ConversationId): ConversationForm => {
  if (conversation.startsWith('si_')) return 'single';
  if (conversation.startsWith('sg_')) return 'group';
  if (conversation.startsWith('sn_')) return 'account';
  return 'notifications';
};

/** What is known of a numbered stream as a whole. One for each, whoever takes part. */
export type Head = Readonly<{
  conversation: ConversationId;
  /** Of two users: the sender and the receiver of its first event. */
  first: UserId;
  second: UserId | undefined;
  group: GroupId | undefined;
  maxSeq: Seq;
  /** Send time of the newest event, and where it stands in the log. */
  maxSeqTime: Millis;
  maxSeqPos: Position;
  /** The newest number either of the two has sent itself: sending is having read. */
  firstOwn: Seq;
  secondOwn: Seq;
  /** Where its first event stands in the log. */
  createdPos: Position;
}>;

/**
 * A head as one user sees it. In a conversation of two there is nothing to add; one of a group ends for who
 * has gone, and may begin late for who has come: `maxSeq` and its time are then those of that user.
 */
export type SeenHead = Head &
  Readonly<{
    /** Of a group that the user is or was in. */
    membership?: Membership;
    /** The first number that this user may see; absent or 0: all. */
    from?: Seq;
    /** Numbers in between that are not for this user. */
    isVoid?: (seq: Seq) => boolean;
  }>;

const begin = (conversation: ConversationId, parties: Parties, createdPos: Position): Head => ({
  conversation,
  first: parties.from,
  second: 'group' in parties ? undefined : parties.to,
  group: 'group' in parties ? parties.group : undefined,
  maxSeq: 0,
  maxSeqTime: 0,
  maxSeqPos: 0,
  firstOwn: 0,
  secondOwn: 0,
  createdPos,
});

const isSaid = (event: Recorded<NumberedEvent>): boolean =>
  event.type === 'MessageSent' || event.type === 'NoticePosted';

export const foldHead = (head: Head | undefined, event: Recorded<NumberedEvent>): Head => {
  const { data, revision, stream, position } = event;
  const known = head ?? begin(conversationOfStream(stream), data, position);
  const seq = revision + 1;
  const own = isSaid(event) ? data.from : undefined;
  return {
    ...known,
    maxSeq: seq,
    maxSeqTime: data.sendTime,
    maxSeqPos: position,
    firstOwn: own === known.first ? seq : known.firstOwn,
    secondOwn: own !== undefined && own === known.second ? seq : known.secondOwn,
  };
};

export const ownFloor = (head: Head, user: UserId): Seq =>
  Math.max(head.first === user ? head.firstOwn : 0, head.second === user ? head.secondOwn : 0);

/** Whether the user is one of the two, or is or was in the group: who has gone still has what it had. */
export const takesPart = (head: SeenHead, user: UserId): boolean =>
  head.group === undefined
    ? head.first === user || head.second === user
    : head.membership !== undefined;

/** In a conversation of two: the other one; in one with oneself: oneself. */
export const otherThan = (head: Head, user: UserId): UserId =>
  head.first === user ? (head.second ?? user) : head.first;

/**
 * Whether it stands in the user's list: a notification account keeps no list of whom it wrote to, and who
 * went before anything was said has nothing to list.
 */
export const isListedFor = (head: SeenHead, user: UserId): boolean => {
  switch (formOf(head.conversation)) {
    case 'single':
      return takesPart(head, user);
    case 'account':
      return head.second === user;
    case 'group':
      return takesPart(head, user) && head.maxSeq > 0;
    case 'notifications':
      return false;
  }
};
