import type { GroupId, Millis, Position, UserId } from '../../../core/kernel/ids.ts';
import { NotAnswerable, type GroupLists } from '../../../gateways/ports.ts';

/** How long whoever connects waits until the lists show in which groups it is. */
const GROUPS_SHOWN_MS = 2_000;

/**
 * The groups of who connects, with all that has happened up to a position; else it is to come again. The tables may be
 * ahead of what this process follows: who comes into a group later than that does so here as the log is followed so
 * far, for what was said there before is not for it.
 */
export const groupsOf =
  (
    lists: Pick<GroupLists, 'joinedUpTo'>,
    models: Readonly<{
      reached: (position: Position, ms: Millis, names: readonly string[]) => Promise<boolean>;
    }>,
  ) =>
  async (user: UserId, asOf: Position): Promise<readonly GroupId[]> => {
    if (!(await models.reached(asOf, GROUPS_SHOWN_MS, ['groups']))) {
      throw new NotAnswerable('the lists of groups are behind');
    }
    return lists.joinedUpTo(user, asOf);
  };
