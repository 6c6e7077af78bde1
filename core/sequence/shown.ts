import type {
  MessageData,
  MessageRevoked,
  NumberedEvent,
  Parties,
} from '../conversation/events.ts';
import type { ConversationKind, ConversationSettings, Peer } from '../inbox/events.ts';
import type { Meta, Recorded } from '../kernel/fact.ts';
import type { ConversationId, EventId, Millis, Seq, TokenId, UserId } from '../kernel/ids.ts';

/** What one viewer is shown in the place of one number: every number in the viewer's range has one. */
export type Shown =
  | Readonly<{ kind: 'event'; seq: Seq; event: Recorded<NumberedEvent>; isRead: boolean }>
  | Readonly<{
      kind: 'revoked';
      seq: Seq;
      event: Recorded<NumberedEvent>;
      revocation: Recorded<MessageRevoked>;
    }>
  /** Deleted for this viewer: ids and times stay, the content is gone. */
  | Readonly<{ kind: 'hidden'; seq: Seq; event: Recorded<NumberedEvent> }>
  /** A number without a message. */
  | Readonly<{ kind: 'void'; seq: Seq }>;

/** An answer to a pull of one conversation. Ascending by number. */
export type Pulled = Readonly<{
  conversation: ConversationId;
  shown: readonly Shown[];
  isEnd: boolean;
  endSeq: Seq;
}>;

/** Something for sockets that takes no number and is not stored: online-only messages, notices. */
export type Passing = Readonly<{
  conversation: ConversationId;
  id: EventId;
  meta: Meta;
  data: Parties & MessageData;
  /** A login that is not told. */
  notTo?: TokenId;
  /** Of what goes to a group: its sender is not told, who is a member, too. */
  notToSender?: true;
  /** Of what goes to a group: these are told too, though they are no members any more. */
  also?: readonly UserId[];
  /** Of what goes to a group: its members are told one after the other, for each then asks the server. */
  unhurried?: true;
}>;

/** One row of a user's conversation list. */
export type ConversationView = Readonly<Required<ConversationSettings>> &
  Readonly<{
    owner: UserId;
    conversation: ConversationId;
    kind: ConversationKind;
    peer: Peer;
    ex: string;
    attachedInfo: string;
    /** The owner's own bounds; 0: none. */
    minSeq: Seq;
    maxSeq: Seq;
  }>;

/** `hasReadSeq` is such that `maxSeq - hasReadSeq` is the exact unread count. */
export type ReadState = Readonly<{
  conversation: ConversationId;
  maxSeq: Seq;
  hasReadSeq: Seq;
  /** Send time of the newest message; 0 when there is none. */
  maxSeqTime: Millis;
}>;
