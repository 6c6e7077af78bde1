import type { Kysely } from 'kysely';
import type { GroupId, Millis, Position, UserId } from '../../../core/kernel/ids.ts';
import { NotAnswerable, type GroupLists } from '../../../gateways/ports.ts';
import { groupQueries } from '../../../projections/groups/queries.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { exactly, HTTP_ANSWER_MS_MAX } from './exactly.ts';

/** The lists of groups, or `NotAnswerable` while Postgres is away. */
export const openGroupLists = ({
  db,
  isAway,
}: Readonly<{ db: Kysely<AnyTables>; isAway: (error: unknown) => boolean }>): GroupLists => {
  const lists = groupQueries(db);
  const ask = exactly(isAway, HTTP_ANSWER_MS_MAX);
  return {
    groups: (...asked) => ask(() => lists.groups(...asked)),
    joined: (...asked) => ask(() => lists.joined(...asked)),
    joinedIds: (...asked) => ask(() => lists.joinedIds(...asked)),
    joinedSince: (...asked) => ask(() => lists.joinedSince(...asked)),
    members: (...asked) => ask(() => lists.members(...asked)),
    membersAmong: (...asked) => ask(() => lists.membersAmong(...asked)),
    managers: (...asked) => ask(() => lists.managers(...asked)),
    memberIds: (...asked) => ask(() => lists.memberIds(...asked)),
    membersSince: (...asked) => ask(() => lists.membersSince(...asked)),
    search: (...asked) => ask(() => lists.search(...asked)),
    requestsTo: (...asked) => ask(() => lists.requestsTo(...asked)),
    requestsFrom: (...asked) => ask(() => lists.requestsFrom(...asked)),
    requestsOf: (...asked) => ask(() => lists.requestsOf(...asked)),
    waiting: (...asked) => ask(() => lists.waiting(...asked)),
  };
};

/** How long whoever connects waits until the lists show in which groups it is. */
const GROUPS_SHOWN_MS = 2_000;

/** The groups of who connects, with all that has happened up to a position; else it is to come again. */
export const groupsOf =
  (
    lists: Pick<GroupLists, 'joinedIds'>,
    models: Readonly<{
      reached: (position: Position, ms: Millis, names: readonly string[]) => Promise<boolean>;
    }>,
  ) =>
  async (user: UserId, asOf: Position): Promise<readonly GroupId[]> => {
    if (!(await models.reached(asOf, GROUPS_SHOWN_MS, ['groups']))) {
      throw new NotAnswerable('the lists of groups are behind');
    }
    return (await lists.joinedIds(user)).ids;
  };
