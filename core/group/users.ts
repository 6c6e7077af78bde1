import { refuse, type Refused } from '../kernel/decider.ts';
import type { UserId } from '../kernel/ids.ts';
import type { UserOf } from './ports.ts';
import { naming } from './rights.ts';

/** Looked up at a time: each may be a stream to read. */
const AT_ONCE_MAX = 1_000;

/** A refusal that names the field and those of its users who are not registered, if any is not. */
export const unregistered = async (
  userOf: UserOf,
  field: string,
  users: readonly UserId[],
): Promise<Refused<'user/unknown'> | undefined> => {
  for (let at = 0; at < users.length; at += AT_ONCE_MAX) {
    const some = users.slice(at, at + AT_ONCE_MAX);
    const states = await Promise.all(some.map(userOf));
    const unknown = some.filter((_, index) => states[index]?.status === 'unknown');
    if (unknown.length > 0) {
      return refuse('user/unknown', `${field}: not registered: ${naming(unknown)}`);
    }
  }
  return undefined;
};
