/**
 * All that the gateways need of the rest of the system, in one place. They turn the world's requests
 * into these calls and the answers back into the wire's; they hold no rule of their own.
 */
import type { BlockUser } from '../core/block/decider.ts';
import type { NumberedEvent } from '../core/conversation/events.ts';
import type { SendMessage, Sent } from '../core/conversation/handler.ts';
import type { ClearConversations, HideMessages } from '../core/conversation/hide.ts';
import type { MarkRead } from '../core/conversation/markRead.ts';
import type { Notify } from '../core/conversation/notify.ts';
import type { RevokeMessage } from '../core/conversation/revoke.ts';
import type { FriendAnswer, FriendChange } from '../core/friendship/handler.ts';
import type { RequestFriend } from '../core/friendship/decider.ts';
import type { Configure, DeleteConversations } from '../core/inbox/handler.ts';
import type { GroupActor, GroupChange, MemberChange, NewGroup } from '../core/group/commands.ts';
import type { Role } from '../core/group/events.ts';
import type { Meta, Recorded } from '../core/kernel/fact.ts';
import type {
  ConversationId,
  EventId,
  GroupId,
  Millis,
  Position,
  Seq,
  TokenId,
  UserId,
} from '../core/kernel/ids.ts';
import type { Caller } from '../core/login/handler.ts';
import type { ConversationView, Pulled, ReadState, Shown } from '../core/sequence/shown.ts';
import type { NewUser, UserChange } from '../core/user/handler.ts';
import type {
  FriendQueries,
  ShownBlack,
  ShownFriend,
  ShownRequest,
} from '../projections/friends/queries.ts';
import type {
  GroupQueries,
  ShownGroup,
  ShownGroupRequest,
  ShownMember,
} from '../projections/groups/queries.ts';
import type { ShownUser, UserQueries } from '../projections/users/queries.ts';

export type { Caller, ConversationView, NewUser, ReadState, SendMessage, Sent, UserChange };
export type { GroupActor, GroupChange, MemberChange, NewGroup };

/** Everything that can be refused, by name. gateways/openim/refusals.ts gives each its wire code. */
export type Refusal =
  | 'args/invalid'
  | 'caller/not-allowed'
  | 'user/unknown'
  | 'user/registered-already'
  | 'user/is-admin'
  | 'user/is-system'
  | 'secret/wrong'
  | 'token/malformed'
  | 'token/expired'
  | 'token/not-yet-valid'
  | 'token/unknown'
  | 'token/kicked'
  | 'token/not-exist'
  | 'message/too-long'
  | 'message/not-found'
  | 'message/revoked-already'
  | 'message/not-received'
  | 'conversation/not-party'
  | 'conversation/unknown'
  | 'conversation/beyond-newest'
  | 'message/blocked'
  | 'message/not-friends'
  | 'friendship/self'
  | 'friendship/already'
  | 'friendship/no-request'
  | 'friendship/not-pending'
  | 'friendship/handled-already'
  | 'block/self'
  | 'block/too-many'
  | 'favourite/unknown'
  | 'favourite/too-many'
  | 'config/too-many'
  | 'group/unknown'
  | 'group/exists'
  | 'group/dismissed'
  | 'group/not-member'
  | 'group/not-allowed'
  | 'group/owner-stays'
  | 'group/member-already'
  | 'group/too-many'
  | 'group/no-request'
  | 'group/request-handled'
  | 'message/not-in-group'
  | 'message/muted'
  | 'message/group-muted'
  /** The app server's own no: `own` has its number and its words. */
  | 'callback/refused'
  | 'callback/unreachable'
  | 'callback/bad-answer'
  | 'webhook/no-dead-letter'
  | 'webhook/too-many-replays'
  /** For now only: the same call again may succeed (500 on the wire). */
  | 'service/unavailable';

export type Refused = Readonly<{
  kind: 'refused';
  reason: Refusal;
  detail: string;
  /** What the app server says instead, where it is the one that refuses. */
  own?: Readonly<{ code: number; message: string }>;
}>;

/** Done. `position` is where the newest event it led to stands; absent when nothing was left to do. */
export type Done<T = unknown> = Readonly<{ kind: 'done'; position?: Position }> & T;
export type Result<T = unknown> = Promise<Done<T> | Refused>;

export interface Users {
  /** All or nothing (`user/registered-already` names the ids); the same call again completes a crash. */
  register(users: readonly NewUser[], meta: Meta): Result;
  change(user: UserId, change: UserChange, meta: Meta): Result;
  /** As the log has it, whatever the lists show. */
  find(user: UserId): Promise<Readonly<{ level: number }> | undefined>;
}

export interface Logins {
  /**
   * A new token; older ones are kicked as the multi-login policy says. A call with the id of an earlier one
   * gets that one's token again.
   */
  issue(
    user: UserId,
    platform: number,
    meta: Meta,
    id?: EventId,
  ): Result<{ token: string; expiresAt: Millis; lifetime: Millis }>;
  /** Signature, expiry and login state; looked up on every use. */
  check(token: string): Result<{ caller: Caller }>;
  /** A socket has opened with this token: the policy's kicks, once, as an event. */
  activate(caller: Caller, meta: Meta): Result;
  /** The tokens of a user that are in force, by the ids that the log knows them by. */
  live(user: UserId): Promise<readonly Readonly<{ id: TokenId; platform: number }>[]>;
  /** Ends every login of a user on a platform. */
  forceLogout(user: UserId, platform: number, meta: Meta): Result;
}

export interface Messages {
  /** Resolves once durable. The same message again: the first answer again. */
  send(message: SendMessage, meta: Meta): Result<{ sent: Sent }>;
  /** A notification of the app's own. Once durable, or, if it is not stored, once it is handed on. */
  notify(notify: Notify, meta: Meta): Result<{ sent: Sent }>;
  /** For everybody, by an app admin. Numbers that are not there are passed over. */
  remove(request: Pick<HideMessages, 'conversation' | 'seqs'>, meta: Meta): Result;
  /** Who may: the sender, in single chats; app admins. */
  revoke(request: RevokeMessage, meta: Meta): Result;
  /**
   * Single chats: numbered in the notification conversation, the other side is told. Others, and
   * `quiet`: only the reader's own devices are.
   */
  markRead(request: MarkRead, meta: Meta): Result;
  /** Numbers that are not there are passed over. */
  hide(request: HideMessages, meta: Meta): Result;
  /** Nothing up to the newest message is shown to the user any more. */
  clear(request: ClearConversations, meta: Meta): Result;
  configure(request: Configure, meta: Meta): Result;
  /** Out of the user's list, with all that was set for them, until something is said there or set anew. */
  deleteConversations(request: DeleteConversations, meta: Meta): Result;
}

export interface Friends {
  /** Waits for the other's approval, always; in the same words again it changes nothing. */
  request(request: RequestFriend['data'], meta: Meta): Result;
  answer(answer: FriendAnswer, meta: Meta): Result;
  /** Out of the owner's list only. */
  remove(owner: UserId, friend: UserId, meta: Meta): Result;
  /** Those that are not in the owner's list are passed over. */
  configure(owner: UserId, friends: readonly UserId[], change: FriendChange, meta: Meta): Result;
  /** Into the lists of both. All or none; only a crash leaves a part, and the same call completes it. */
  import(owner: UserId, friends: readonly UserId[], meta: Meta): Result;
}

export interface Blocks {
  block(request: BlockUser['data'], meta: Meta): Result;
  unblock(owner: UserId, blocked: UserId, meta: Meta): Result;
}

/**
 * Each call is checked whole before anything is appended; the same call again changes nothing, or
 * completes what a crash has cut short.
 */
export interface Groups {
  /** Where the group's id is made up, the same call is one with the id of an earlier one. */
  create(request: NewGroup, by: GroupActor, meta: Meta, id?: EventId): Result<{ group: GroupId }>;
  change(group: GroupId, change: GroupChange, by: GroupActor, meta: Meta): Result;
  /** At once where the group lets everybody in; else the request waits for an owner or admin. */
  join(
    request: Readonly<{
      group: GroupId;
      user: UserId;
      message: string;
      ex: string;
      source: number;
    }>,
    meta: Meta,
  ): Result;
  answer(
    request: Readonly<{ group: GroupId; user: UserId; agrees: boolean; message: string }>,
    by: GroupActor,
    meta: Meta,
  ): Result;
  /** Who is in already is passed over. */
  invite(
    request: Readonly<{
      group: GroupId;
      users: readonly UserId[];
      message: string;
      line?: boolean;
    }>,
    by: GroupActor,
    meta: Meta,
  ): Result;
  kick(
    request: Readonly<{
      group: GroupId;
      users: readonly UserId[];
      /** For the app server to be told. */
      reason?: string;
      line?: boolean;
    }>,
    by: GroupActor,
    meta: Meta,
  ): Result;
  quit(group: GroupId, user: UserId, meta: Meta): Result;
  transfer(
    request: Readonly<{ group: GroupId; from: UserId; to: UserId }>,
    by: GroupActor,
    meta: Meta,
  ): Result;
  /** `disband`: of a dismissed group, the members go too, and nobody is told. */
  dismiss(
    request: Readonly<{ group: GroupId; disband: boolean; line?: boolean }>,
    by: GroupActor,
    meta: Meta,
  ): Result;
  /** 0 seconds: not any more. */
  muteMember(
    request: Readonly<{ group: GroupId; user: UserId; seconds: number }>,
    by: GroupActor,
    meta: Meta,
  ): Result;
  mute(group: GroupId, muted: boolean, by: GroupActor, meta: Meta): Result;
  changeMembers(changes: readonly MemberChange[], by: GroupActor, meta: Meta): Result;
  /** As the log has it now, whatever the lists show; `undefined`: not a member. For the doors' checks of who may ask. */
  roleOf(group: GroupId, user: UserId): Promise<Role | undefined>;
  /** Which of them are in at once, by themselves or invited: not who is in, nor who has to be agreed to. */
  comingIn(
    group: GroupId,
    users: readonly UserId[],
    inviter?: GroupActor,
  ): Promise<readonly UserId[]>;
}

/** A list since a version that a client has. `full`: the client fetches all anew, and the lists are empty. */
export type Incremental<T> = Readonly<{
  version: number;
  versionId: string;
  full: boolean;
  delete: readonly string[];
  insert: readonly T[];
  update: readonly T[];
}>;

export type Range = Readonly<{ conversation: ConversationId; begin: Seq; end: Seq; num: number }>;
export type SeqList = Readonly<{ conversation: ConversationId; seqs: readonly Seq[] }>;
export type Order = 'ascending' | 'descending';

/** Of conversations, and which of all the user's are pinned, as of one moment. */
export type ReadStates = Readonly<{
  states: readonly ReadState[];
  pinned: readonly ConversationId[];
}>;

/**
 * What a user may see of its conversations, at the head of the log: what has been acknowledged is here.
 * A throw of `NotAnswerable` means that no exact answer can be given for now (Postgres away, the tail
 * overrun): the socket is held and closed, HTTP answers 503.
 */
export interface Chats {
  /**
   * Greatest numbers: chat conversations, their notification conversations and the user's own; those in
   * which something was said last come first.
   */
  newestSeqs(user: UserId): Promise<ReadonlyMap<ConversationId, Seq>>;
  /** None given: all of the user's chat conversations. */
  readStates(user: UserId, conversations: readonly ConversationId[]): Promise<ReadStates>;
  pinned(user: UserId): Promise<readonly ConversationId[]>;
  /**
   * One answer for each conversation that is named, however often it is, in the order of first naming.
   * Empty where there is no such conversation; all is refused (`conversation/not-party`) when one of them
   * is between others. No call gets more than some 2 MiB of text: the first messages of each conversation
   * before the second of any.
   */
  pullRanges(
    user: UserId,
    ranges: readonly Range[],
    order: Order,
  ): Promise<readonly Pulled[] | Refused>;
  pullSeqs(
    user: UserId,
    lists: readonly SeqList[],
    order: Order,
  ): Promise<readonly Pulled[] | Refused>;
  /** The newest message the user can see, by conversation; those without one are left out. */
  lastVisible(
    user: UserId,
    conversations: readonly ConversationId[],
  ): Promise<ReadonlyMap<ConversationId, Shown>>;
  /** None given: all, in a stable order (when they were made). */
  conversations(
    owner: UserId,
    ids?: readonly ConversationId[],
  ): Promise<readonly ConversationView[]>;
  /** With no version (`''`, 0) only the current version pair is of use: `full` and no lists. */
  incremental(
    owner: UserId,
    since: Readonly<{ version: number; versionId: string }>,
  ): Promise<Incremental<ConversationView>>;
}

/** Numbered events of a stream, from the log itself, in order: as many of `from` to `to` as it has. */
export type NumbersOf = (
  stream: string,
  from: Seq,
  to: Seq,
) => Promise<readonly Recorded<NumberedEvent>[]>;

export class NotAnswerable extends Error {
  override name = 'NotAnswerable';
}

/** Waits, bounded, until what was done can be read in the lists; false: not yet. */
export type Projected = (position: Position | undefined) => Promise<boolean>;

export type UserView = ShownUser;
export type PageRequest = Readonly<{ pageNumber: number; showNumber: number }>;
/** The users read model. Eventually consistent: a caller waits for what it did itself (`Projected`). */
export type UserLists = UserQueries;

export type FriendView = ShownFriend;
export type BlackView = ShownBlack;
export type FriendRequestView = ShownRequest;
/** The friends read model, as `UserLists`. */
export type FriendLists = FriendQueries;

export type GroupView = ShownGroup;
export type MemberView = ShownMember;
export type GroupRequestView = ShownGroupRequest;
/** The groups read model, as `UserLists`. */
export type GroupLists = GroupQueries;

/** Lists that clients keep in step by version. */
export type ListKind = 'friends' | 'blacks' | 'groups' | 'members' | 'conversations';

/**
 * 24 hex digits: the same for the same list of the same log, whatever becomes of Postgres. `members` are
 * those of a group, which owns the list.
 */
export type VersionIdOf = (list: ListKind, owner: UserId | GroupId) => string;

/** Which platforms a user is connected on, without repetitions, ascending. */
export type Presence = (user: UserId) => readonly number[];

export type ProjectorStatus = Readonly<{
  /** `running`, `standby`, `poisoned`, …: the runner's own words. */
  state: string;
  /** Why, where it is not well; else empty. */
  reason: string;
  /** How far the log has been seen. */
  head: Position;
  projections: readonly Readonly<{
    /** Name and version: `users_v1`. */
    projection: string;
    position: Position;
    /** How long the oldest event that it lacks has waited; 0 when it lacks none. */
    waitingMs: Millis;
  }>[];
  /** The event that stops it. */
  poison?: Readonly<{ projection: string; position: Position; type: string; reason: string }>;
}>;

/** The part that builds the read models, for whoever runs the server. */
export interface Projector {
  status(): ProjectorStatus;
  /**
   * Has the read model that stops at this event do without it, for good. Any other position is refused
   * (`args/invalid`); the same one again changes nothing.
   */
  skip(request: Readonly<{ position: Position; reason: string }>, meta: Meta): Result;
}
