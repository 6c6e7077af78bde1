import { isErased } from '../../../core/kernel/fact.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import type { Profile } from '../../../core/user/events.ts';
import type { User } from '../../../core/user/decider.ts';

const BLANK: Profile = { nickname: '', faceUrl: '', ex: '' };

/** What a user says of itself, as the log has it; blank once it has been erased. */
export const profileOf =
  (users: Readonly<{ state: (user: UserId) => Promise<User> }>) =>
  async (user: UserId): Promise<Profile> => {
    const state = await users.state(user);
    return state.status === 'unknown' || isErased(state.profile) ? BLANK : state.profile;
  };
