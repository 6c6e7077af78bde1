import type { MessageData, Named, Parties } from '../conversation/events.ts';
import type { InboxEvent } from '../inbox/events.ts';
import type { ConversationId, GroupId, UserId } from '../kernel/ids.ts';

type Said = Readonly<{
  conversation: ConversationId;
  data: Parties &
    Omit<MessageData, 'sendTime' | 'createTime' | 'clientMsgId'> &
    Readonly<{ others?: readonly Named[] }>;
  /** Which of several notices of one fact this belongs to: a line, and its copies. Absent: there is one. */
  key?: string;
  /** Of a copy: not for the login that has called, for its client fetches by itself what has changed. */
  elsewhere?: true;
  /** Of a copy: not for the sender's own devices, which have one of their own. */
  receiverOnly?: true;
  /** Of a copy to a group: these are told too, though they are no members any more. */
  also?: readonly UserId[];
  /** Of a copy to a group: whoever gets it asks the server for something, so not all at once. */
  unhurried?: true;
}>;

/**
 * What a group is to do about a fact of another stream, or about one of its own that has been told. It is
 * done at least once: again, it changes nothing.
 */
export type FollowUp =
  /** The line that a group is dismissed is there for its members. */
  | Readonly<{ type: 'DisbandGroup'; data: Readonly<{ group: GroupId }> }>
  /** A member's profile has changed: in what, of that which the group shows of it. */
  | Readonly<{
      type: 'ShowProfile';
      data: Readonly<{ group: GroupId; user: UserId; nickname: boolean; faceUrl: boolean }>;
    }>;

/**
 * What follows from a fact, in this order. All that is stored has an id that is derived from the fact's, so
 * that doing it again adds nothing.
 */
export type Reaction = Readonly<{
  /** What happens next must not be done out of the order of the log among equal keys. */
  order: string;
  /** The same fact on another user's side. */
  note?: Readonly<{ user: UserId; event: InboxEvent }>;
  /** A line in the chat: stored, numbered, counted as unread. */
  line?: Said;
  /** Or several, made of what the log says, for they are stored whether or not the lists can be had. */
  lines?: () => Promise<readonly Said[]>;
  /** What devices act on: to whoever is online, once the lists it speaks of show the change. */
  copies?: readonly Said[];
  /**
   * The copies go before the lines: a client that hears of a new group by a line first fetches the group for
   * the line's sake, and then never tells its app that it has come into one.
   */
  copiesFirst?: true;
  /** Further copies, which can be made only of what the lists show by then. */
  look?: () => Promise<readonly Said[]>;
  /**
   * Commands, one after the other, once all of the above has been handed on. They are made of what the log
   * says, never of the lists: one event that a list cannot take must not keep them, and all that comes after
   * them, from being done. `later`: for now they cannot be made; none is left out for that.
   */
  follow?: () => Promise<readonly FollowUp[] | 'later'>;
}>;
