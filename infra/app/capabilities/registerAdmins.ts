import type { UserId } from '../../../core/kernel/ids.ts';
import type { User } from '../../../core/user/decider.ts';
import type { Users } from '../../../gateways/ports.ts';

/** OpenIM's level of an app admin. */
const ADMIN_LEVEL = 2;

/** App admins are named by configuration; each is a user like any other, registered at the first start. */
export const registerAdmins = async (
  users: Users & { state: (user: UserId) => Promise<User> },
  admins: readonly UserId[],
): Promise<void> => {
  for (const user of admins) {
    if ((await users.state(user)).status === 'registered') continue;
    const profile = { nickname: user, faceUrl: '', ex: '' };
    const result = await users.register([{ user, level: ADMIN_LEVEL, globalReceive: 0, profile }], {
      actor: 'seqline',
      operationId: 'start',
    });
    if (result.kind === 'refused') throw new Error(`app admin ${user}: ${result.detail}`);
  }
};
