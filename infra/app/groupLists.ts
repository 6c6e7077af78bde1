import type { Kysely } from 'kysely';
import type { GroupLists } from '../../gateways/ports.ts';
import { groupQueries } from '../../projections/groups/queries.ts';
import type { AnyTables } from '../../projections/kernel/model.ts';
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
