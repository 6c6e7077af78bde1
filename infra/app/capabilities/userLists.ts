import type { Kysely } from 'kysely';
import type { UserLists } from '../../../gateways/ports.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { userQueries } from '../../../projections/users/queries.ts';
import { exactly, HTTP_ANSWER_MS_MAX } from './exactly.ts';

/** The lists of users; while Postgres is away the caller is told to ask again. */
export const openUserLists = ({
  db,
  isAway,
}: Readonly<{ db: Kysely<AnyTables>; isAway: (error: unknown) => boolean }>): UserLists => {
  const lists = userQueries(db);
  const ask = exactly(isAway, HTTP_ANSWER_MS_MAX);
  return {
    byIds: (users) => ask(() => lists.byIds(users)),
    existing: (users) => ask(() => lists.existing(users)),
    page: (request) => ask(() => lists.page(request)),
    ids: (request) => ask(() => lists.ids(request)),
    accounts: (request) => ask(() => lists.accounts(request)),
    registrations: (span) => ask(() => lists.registrations(span)),
  };
};
