import type { Kysely } from 'kysely';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import type {
  ClientConfigLists,
  FavouriteLists,
  GroupStatistics,
} from '../../../gateways/keptPorts.ts';
import type {
  Chats,
  FriendLists,
  GroupLists,
  UserLists,
  VersionIdOf,
} from '../../../gateways/ports.ts';
import { clientConfigQueries } from '../../../projections/clientConfig/queries.ts';
import { favouriteQueries } from '../../../projections/favourites/queries.ts';
import { friendQueries } from '../../../projections/friends/queries.ts';
import { groupQueries } from '../../../projections/groups/queries.ts';
import { groupStatistics } from '../../../projections/groups/statistics.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import { userQueries } from '../../../projections/users/queries.ts';
import type { ReadModels } from '../readModels/readModels.ts';
import { openAtHead, openChats } from './chats.ts';
import { eachExactly, exactly, HTTP_ANSWER_MS_MAX } from './exactly.ts';

/** Where whoever reads finds it: the tables, and of conversations also the tail and the log. */
export type Reading = Readonly<{
  db: Kysely<AnyTables>;
  atHead: ReturnType<typeof openAtHead>;
  log: EventLog;
}>;

export const openReading = (
  { db, chatsTail }: Pick<ReadModels, 'db' | 'chatsTail'>,
  log: EventLog,
): Reading => ({ db, atHead: openAtHead(db, chatsTail, () => performance.now()), log });

/** What may be asked of the read models; while no exact answer can be had, `NotAnswerable` is thrown. */
export type Lists = Readonly<{
  users: UserLists;
  friends: FriendLists;
  groups: GroupLists;
  groupStatistics: GroupStatistics;
  favourites: FavouriteLists;
  clientConfigs: ClientConfigLists;
  /** Each door gives a question another time: `SOCKET_ANSWER_MS_MAX` or `HTTP_ANSWER_MS_MAX`. */
  chatsWithin: (ms: Millis) => Chats;
}>;

export const openLists = (reading: Reading, versionIdOf: VersionIdOf): Lists => {
  const { db } = reading;
  const ask = exactly(HTTP_ANSWER_MS_MAX);
  return {
    users: eachExactly(ask, userQueries(db)),
    friends: eachExactly(ask, friendQueries(db)),
    groups: eachExactly(ask, groupQueries(db)),
    groupStatistics: eachExactly(ask, groupStatistics(db)),
    favourites: eachExactly(ask, favouriteQueries(db)),
    clientConfigs: eachExactly(ask, clientConfigQueries(db)),
    chatsWithin: (withinMs) => openChats({ ...reading, versionIdOf, withinMs }),
  };
};
