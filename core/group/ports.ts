import type { GroupId, Position, UserId } from '../kernel/ids.ts';
import type { User } from '../user/decider.ts';

/** As the log has the user, whatever the lists show. */
export type UserOf = (user: UserId) => Promise<User>;

/**
 * Groups that a user is in, with all that has happened up to a position; `later`: it cannot be told now. It is
 * read at the head of the log, so that a list that has stopped keeps nobody from knowing it.
 */
export type JoinedIds = (user: UserId, asOf: Position) => Promise<readonly GroupId[] | 'later'>;
