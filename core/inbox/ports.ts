import type { ConversationId, Millis, Position, UserId } from '../kernel/ids.ts';
import type { Head } from '../sequence/head.ts';
import type { Side } from '../sequence/side.ts';

/** What a user's wishes about a conversation are compared with, at the head of the log. */
export type KnownSide = (
  user: UserId,
  conversation: ConversationId,
) => Promise<Readonly<{ head: Head | undefined; side: Side }>>;

export type Doing = Readonly<{
  /** Waits, bounded, until this process has seen the event itself: what is answered can be fetched. */
  followed: (position: Position) => Promise<boolean>;
  pause: (ms: Millis) => Promise<void>;
  now: () => Millis;
}>;
