import type { Kysely } from 'kysely';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import type {
  Chats,
  FriendLists,
  GroupLists,
  UserLists,
  VersionIdOf,
} from '../../../gateways/ports.ts';
import type { AnyTables } from '../../../projections/kernel/model.ts';
import type { ReadModels } from '../readModels/readModels.ts';
import { isAway } from '../readModels/isAway.ts';
import { openAtHead, openChats } from './chats.ts';
import { openFriendLists } from './friends.ts';
import { openGroupLists } from './groupLists.ts';
import { openUserLists } from './userLists.ts';

/** Where whoever reads finds it: the tables, and of conversations also the tail and the log. */
export type Reading = Readonly<{
  db: Kysely<AnyTables>;
  atHead: ReturnType<typeof openAtHead>;
  log: EventLog;
  isAway: (error: unknown) => boolean;
}>;

export const openReading = (
  { db, chatsTail }: Pick<ReadModels, 'db' | 'chatsTail'>,
  log: EventLog,
): Reading => {
  const atHead = openAtHead(db, chatsTail, () => performance.now());
  return { db, atHead, log, isAway };
};

export type Lists = Readonly<{
  users: UserLists;
  friends: FriendLists;
  groups: GroupLists;
  /** Either door gives a question so long (`exactly.ts`). */
  chatsWithin: (ms: Millis) => Chats;
}>;

/** What may be asked of the read models. */
export const openLists = (reading: Reading, versionIdOf: VersionIdOf): Lists => ({
  users: openUserLists(reading),
  friends: openFriendLists(reading),
  groups: openGroupLists(reading),
  chatsWithin: (withinMs) => openChats({ ...reading, versionIdOf, withinMs }),
});
