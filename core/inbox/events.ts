import type { Fact, Personal } from '../kernel/fact.ts';
import type { ConversationId, GroupId, Seq, UserId } from '../kernel/ids.ts';

/** What a user has set for a conversation. Absent: as it was. */
export type ConversationSettings = {
  /** 0 receive, 1 do not, 2 receive without notifying (OpenIM's recvMsgOpt). */
  receive?: number;
  pinned?: boolean;
  privateChat?: boolean;
  /** Seconds until a private message burns. */
  burnDuration?: number;
  /** 0 none, 1 me, 2 all, 3 both, 4 announcement. */
  groupAtType?: number;
  /** Seconds a message lives, and whether that is on. */
  destructTime?: number;
  destruct?: boolean;
};

/** Whom a user's side of a conversation is turned to. */
export type Peer = Readonly<{ user: UserId } | { group: GroupId }>;

/** 1 single, 3 group, 4 notification account. */
export type ConversationKind = 1 | 3 | 4;

export type ConversationConfigured = Fact<
  'ConversationConfigured',
  {
    user: UserId;
    conversation: ConversationId;
    kind: ConversationKind;
    peer: Peer;
    settings: Readonly<ConversationSettings>;
    /** Free text of the app; personal to the user. */
    notes?: Personal<{ ex?: string; attachedInfo?: string }>;
  }
>;

/** A read mark that only the reader's own devices learn of (groups, `sn_`, has-read set by hand). */
export type ReadMarked = Fact<
  'ReadMarked',
  { user: UserId; conversation: ConversationId; upTo: Seq }
>;

/** The user sees nothing of the conversation up to this number any more. */
export type ConversationCleared = Fact<
  'ConversationCleared',
  {
    user: UserId;
    conversation: ConversationId;
    upTo: Seq;
    /** The user's other devices are to clear what they have, too. */
    everywhere?: true;
  }
>;

/** The user does not see these messages any more. */
export type MessagesHidden = Fact<
  'MessagesHidden',
  { user: UserId; conversation: ConversationId; seqs: readonly Seq[] }
>;

/**
 * The user's row of the conversation is gone with all that was set for it, until something is said there or set
 * anew. What was said stays, and so does the read mark.
 */
export type ConversationDeleted = Fact<
  'ConversationDeleted',
  {
    user: UserId;
    conversation: ConversationId;
    /** The newest number that the user could see; 0: nothing had been said. */
    upTo: Seq;
  }
>;

export type InboxEvent =
  ConversationConfigured | ReadMarked | ConversationCleared | MessagesHidden | ConversationDeleted;

export const inboxStream = (user: UserId): string => `inbox-${user}`;
