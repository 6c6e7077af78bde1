import type { Kysely } from 'kysely';
import { clientConfigsHandler } from '../../../core/clientConfig/handler.ts';
import { favouritesHandler } from '../../../core/favourite/handler.ts';
import type { EventId, Millis, UserId } from '../../../core/kernel/ids.ts';
import type { User } from '../../../core/user/decider.ts';
import type {
  ClientConfigLists,
  ClientConfigs,
  FavouriteLists,
  Favourites,
  GroupStatistics,
} from '../../../gateways/keptPorts.ts';
import { clientConfigQueries } from '../../../projections/clientConfig/queries.ts';
import { favouriteQueries } from '../../../projections/favourites/queries.ts';
import { groupStatistics } from '../../../projections/groups/statistics.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { exactly, HTTP_ANSWER_MS_MAX } from './exactly.ts';
import type { Writers } from './writers.ts';

type KeptDeps = Readonly<{
  writers: Pick<Writers, 'favourites' | 'clientConfigs'>;
  users: Readonly<{ state: (user: UserId) => Promise<User> }>;
  newId: () => EventId;
  now: () => Millis;
  db: Kysely<AnyTables>;
  isAway: (error: unknown) => boolean;
}>;

type Kept = Readonly<{
  favourites: Favourites;
  favouriteLists: FavouriteLists;
  clientConfigs: ClientConfigs;
  clientConfigLists: ClientConfigLists;
  groupStatistics: GroupStatistics;
}>;

/** What is kept for users and their clients, and what is counted; the lists, or `NotAnswerable` while Postgres is away. */
export const openKept = ({ writers, users, newId, now, db, isAway }: KeptDeps): Kept => {
  const deps = { userOf: users.state, newId, now };
  const favourites = favouriteQueries(db);
  const configs = clientConfigQueries(db);
  const ask = exactly(isAway, HTTP_ANSWER_MS_MAX);
  return {
    favourites: favouritesHandler({ ...deps, writers: writers.favourites }),
    favouriteLists: { of: (...asked) => ask(() => favourites.of(...asked)) },
    clientConfigs: clientConfigsHandler({ ...deps, writers: writers.clientConfigs }),
    clientConfigLists: {
      of: (user) => ask(() => configs.of(user)),
      page: (request) => ask(() => configs.page(request)),
    },
    groupStatistics: { created: (span) => ask(() => groupStatistics(db).created(span)) },
  };
};
