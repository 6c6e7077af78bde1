import type { Refused } from '../kernel/decider.ts';
import type { Meta, Recorded } from '../kernel/fact.ts';
import type {
  ConversationId,
  EventId,
  GroupId,
  Millis,
  Position,
  Seq,
  UserId,
} from '../kernel/ids.ts';
import type { SeenHead } from '../sequence/head.ts';
import type { Side } from '../sequence/side.ts';
import type { Passing } from '../sequence/shown.ts';
import type { User } from '../user/decider.ts';
import type { NumberedEvent } from './events.ts';
import type { SendMessage } from './handler.ts';

/**
 * Whether a user's message gets through to another: not if that one has blocked it, or wants friends only.
 * It may be a moment old, but never more than two seconds; `behind`: what has become of it lately cannot be
 * told now.
 */
export type Reached = 'open' | 'blocked' | 'stranger' | 'behind';
/** At once if this process has it at hand: most of the time it does. */
export type Reach = (from: UserId, to: UserId) => Reached | Promise<Reached>;

/** What a user is to a group. It may be a moment old, but never more than two seconds. */
export type Standing = Readonly<{
  status: 'unknown' | 'open' | 'dismissed';
  /** 100 owner, 60 admin, 20 member; absent: not a member. */
  role: number | undefined;
  /** May not speak before that time; 0: may. */
  mutedUntil: Millis;
  /** Only owner and admins may speak. */
  groupMuted: boolean;
}>;
/** `behind`: what has become of the group lately cannot be told now. */
export type StandingIn = (
  group: GroupId,
  user: UserId,
) => Standing | 'behind' | Promise<Standing | 'behind'>;

/** What sending, revoking and marking must know of others. It may be a moment old. */
export type Known = Readonly<{
  user: (user: UserId) => Promise<User>;
  /** The same without waiting, if this process has it at hand: most of the time it does. */
  userAtHand: (user: UserId) => User | undefined;
  reach: Reach;
  standing: StandingIn;
  /**
   * One user's view of one conversation, and of one of its numbers, at the head of the log. It ends where it
   * ends for that user: one who has gone from a group keeps what it could read, and gets nothing more.
   */
  at: (
    user: UserId,
    conversation: ConversationId,
    seq?: Seq,
  ) => Promise<Readonly<{ head: SeenHead | undefined; side: Side; revoked: boolean }>>;
  /**
   * Where a message stands that was sent so long ago that the writer's window may not have it; of numbers
   * below `before`. `unanswerable`: the read model is away or has not come that far.
   */
  sentBefore: (
    conversation: ConversationId,
    id: EventId,
    before: Seq,
  ) => Promise<Seq | 'never' | 'unanswerable'>;
  message: (conversation: ConversationId, seq: Seq) => Promise<Recorded<NumberedEvent> | undefined>;
}>;

/** The message as it is to be, and the endpoint that has changed it, if one has. */
export type Allowed = Readonly<{
  kind: 'allowed';
  message: SendMessage['message'];
  stored: boolean;
  changedBy?: string;
}>;

export type CallbackRefusal =
  | 'callback/refused'
  | 'callback/unreachable'
  | 'callback/bad-answer'
  /** What it asks for is no message. */
  | 'args/invalid';

/**
 * Whom to ask before a message is sent, and how; nothing if nobody is to be asked about this one. It is
 * asked once for each message that has not been sent before.
 */
export type BeforeSend = (
  send: SendMessage,
  by: Readonly<{ id: EventId; at: Millis; meta: Meta }>,
) => (() => Promise<Allowed | Refused<CallbackRefusal>>) | undefined;

export type Doing = Readonly<{
  /** Hands on what is not stored. */
  pass: (passing: Passing, senderSync: boolean) => void;
  /** Waits, bounded, until this process has seen the event itself: what is answered can be fetched. */
  followed: (position: Position) => Promise<boolean>;
  now: () => Millis;
}>;
