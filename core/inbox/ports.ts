import type { ConversationId, GroupId, Millis, Position, UserId } from '../kernel/ids.ts';
import type { SeenHead } from '../sequence/head.ts';
import type { Side } from '../sequence/side.ts';
import type { User } from '../user/decider.ts';

/** What a user's wishes about a conversation are compared with, at the head of the log. */
export type KnownSide = (
  user: UserId,
  conversation: ConversationId,
) => Promise<Readonly<{ head: SeenHead | undefined; side: Side }>>;

/** Whether a user is registered, and what it receives; it may be a moment old. */
export type UserOf = (user: UserId) => Promise<User>;

/**
 * What a user has to do with a group's chat: `part`, who is a member, and who has been one: that one keeps
 * what it could read; `none`, who never was; `no-group`, where there is no such group.
 */
export type PartIn = (group: GroupId, user: UserId) => Promise<'part' | 'none' | 'no-group'>;

export type Doing = Readonly<{
  /** Waits, bounded, until this process has seen the event itself: what is answered can be fetched. */
  followed: (position: Position) => Promise<boolean>;
  pause: (ms: Millis) => Promise<void>;
  now: () => Millis;
}>;
