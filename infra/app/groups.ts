import { groupsHandler } from '../../core/group/handler.ts';
import type { EventId, Millis, UserId } from '../../core/kernel/ids.ts';
import type { User } from '../../core/user/decider.ts';
import type { Groups } from '../../gateways/ports.ts';
import { deriveId } from '../ids.ts';
import type { Writers } from './writers.ts';

type GroupDeps = Readonly<{
  config: Readonly<{ groupHistory: boolean }>;
  writers: Pick<Writers, 'groups'>;
  users: Readonly<{ state: (user: UserId) => Promise<User> }>;
  newId: () => EventId;
  now: () => Millis;
}>;

/** Who is in which group, and who may do what there. */
export const openGroups = ({ config, writers, users, newId, now }: GroupDeps) =>
  groupsHandler({
    writers: writers.groups,
    userOf: users.state,
    historyVisible: config.groupHistory,
    deriveId,
    newId,
    now,
  }) satisfies Groups;
