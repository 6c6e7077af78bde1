import type { UserId } from '../kernel/ids.ts';
import type { User } from '../user/decider.ts';

/** As the log has the user, whatever the lists show. */
export type UserOf = (user: UserId) => Promise<User>;
