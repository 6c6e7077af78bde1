import type { UserId } from '../../core/kernel/ids.ts';

/** Of whom something is published: a user, or a group by its `groupSubject`, which no user's id is. */
export type Topic = UserId;

/** What other processes tell is heard for the users that are connected here and their groups, and no others. */
export type Interest = Readonly<{
  /** The first connection of the user, or of a member of the group, is about to open. */
  join: (topic: Topic) => void;
  /** The last one has gone. */
  leave: (topic: Topic) => void;
  /** Resolves, in bounded time, once all that was joined is heard; undefined: it is already. */
  settled: () => Promise<void> | undefined;
}>;
