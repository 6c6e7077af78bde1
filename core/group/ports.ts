import type { GroupId, UserId } from '../kernel/ids.ts';
import type { User } from '../user/decider.ts';

/** As the log has the user, whatever the lists show. */
export type UserOf = (user: UserId) => Promise<User>;

/** Groups that a user is in, as the lists show it. */
export type JoinedIds = (user: UserId) => Promise<readonly GroupId[]>;
