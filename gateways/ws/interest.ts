import type { UserId } from '../../core/kernel/ids.ts';

/** What other processes tell is heard for the users that are connected here, and for no others. */
export type Interest = Readonly<{
  /** The first connection of the user is about to open. */
  join: (user: UserId) => void;
  /** The last one has gone. */
  leave: (user: UserId) => void;
  /** Resolves, in bounded time, once all that was joined is heard; undefined: it is already. */
  settled: () => Promise<void> | undefined;
}>;
