import type { Fact, Personal } from '../kernel/fact.ts';
import type { ConversationId, GroupId, Millis, Seq, UserId } from '../kernel/ids.ts';

/** Who takes part, stored with every numbered event: the id of a conversation does not say it. */
export type Parties = Readonly<{ from: UserId; to: UserId } | { from: UserId; group: GroupId }>;

/** What is personal to the sender of a message. Absent fields are empty. */
export type MessageBody = {
  /** UTF-8 JSON whose form the content type decides; stored byte for byte. */
  content: string;
  nickname?: string;
  faceUrl?: string;
  attachedInfo?: string;
  ex?: string;
  push?: OfflinePush;
  /** SHA-256 in hex of the content that the sender gave, where the app server has changed it. */
  originalHash?: string;
};

export type OfflinePush = Readonly<{
  title?: string;
  desc?: string;
  ex?: string;
  iosSound?: string;
  iosBadge?: boolean;
  signalInfo?: string;
}>;

/** What the client chose of OpenIM's options map: an absent key counts as true. Keys are opaque here. */
export type MessageOptions = Readonly<Record<string, boolean>>;

/** Common to all that renders to one message of the wire. Absent numbers are 0, absent lists empty. */
export type MessageData = {
  clientMsgId: string;
  contentType: number;
  /** The platform it was sent from. */
  platform?: number;
  /** Said by the system and not by a user (OpenIM's msgFrom 200). */
  system?: true;
  /** By the sender's clock. */
  createTime: Millis;
  /** By ours; never falls within a conversation. */
  sendTime: Millis;
  options?: MessageOptions;
  atUsers?: readonly string[];
  body: Personal<MessageBody>;
};

/** Numbered, in `conversation-si_…`, `-sg_…`, `-sn_…`. */
export type MessageSent = Fact<'MessageSent', Parties & MessageData>;

/** Somebody whom a line names beside its author, as it was called then; personal to that user. */
export type Named = Readonly<{ user: UserId; shown: Personal<{ nickname: string }> }>;

/** Numbered: the line in a chat that tells of a fact of another stream (metadata: causation). */
export type NoticePosted = Fact<
  'NoticePosted',
  Parties &
    MessageData & {
      /** Each once. The content has their ids, and these are put beside them as it is shown. */
      others?: readonly Named[];
    }
>;

/** Numbered: a number without a message (an importer's gap, a message that was lost upstream). */
export type SeqVoided = Fact<
  'SeqVoided',
  Parties & { reason: string; sendTime: Millis; clientMsgId?: string }
>;

/** Numbered, in `conversation-n_…`: a message of the chat it names has been taken back. */
export type MessageRevoked = Fact<
  'MessageRevoked',
  Parties & {
    conversation: ConversationId;
    seq: Seq;
    clientMsgId: string;
    /** What was revoked: who sent it and when. */
    sentBy: UserId;
    sentAt: Millis;
    by: UserId;
    /** Role of the revoker: in a group 100 owner, 60 admin, 20 member; else its level. */
    role: number;
    byAdmin: boolean;
    sendTime: Millis;
    /** The revoker's name at that moment; personal to the revoker (`by`). */
    revoker: Personal<{ nickname: string }>;
    /** The sender's name on that message; personal to the sender (`sentBy`). */
    source: Personal<{ nickname: string }>;
  }
>;

/** Numbered, in `conversation-n_…` of a single chat: `from` has read, `to` is told. */
export type MessagesRead = Fact<
  'MessagesRead',
  Parties & {
    conversation: ConversationId;
    /** The mark before: what is newly read are the numbers after it … */
    after: Seq;
    /** … up to this one … */
    upTo: Seq;
    /** … and these, if any. */
    seqs: readonly Seq[];
    sendTime: Millis;
  }
>;

/** Numbered, in `conversation-n_…`: messages have been deleted for everybody, or for oneself elsewhere. */
export type MessagesDeleted = Fact<
  'MessagesDeleted',
  Parties & {
    conversation: ConversationId;
    seqs: readonly Seq[];
    /** `all`: nobody sees them any more. `self`: only the actor's other devices are told. */
    scope: 'all' | 'self';
    sendTime: Millis;
  }
>;

export type ChatEvent = MessageSent | NoticePosted | SeqVoided;
export type NotificationEvent =
  MessageRevoked | MessagesRead | MessagesDeleted | NoticePosted | SeqVoided;
export type NumberedEvent = ChatEvent | NotificationEvent;

export const CONVERSATION_PREFIX = 'conversation-';

export const conversationStream = (conversation: ConversationId): string =>
  `${CONVERSATION_PREFIX}${conversation}`;

export const conversationOfStream = (stream: string): ConversationId =>
  stream.slice(CONVERSATION_PREFIX.length) as ConversationId;
