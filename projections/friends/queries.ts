import { type Kysely, sql } from 'kysely';
import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import type { AnyTables } from '../kernel/model.ts';
import type { Found, Page } from '../kernel/page.ts';
import type { ShownProfile } from '../kernel/profiles.ts';
import {
  amongFrom,
  ask,
  listOf,
  pageFrom,
  recordOf,
  type Fragment,
  type Json,
} from '../kernel/questions.ts';
import {
  blackRows,
  friendRows,
  listRows,
  profileRows,
  requestRows,
  tableName,
  type Black,
  type Friend,
  type FriendRequest,
  type OwnedList,
  type RequestResult,
} from './rows.ts';
import {
  CHANGES_MAX,
  sinceOf,
  versionOf,
  type ListAt,
  type ListSince,
  type Version,
} from '../kernel/since.ts';

/** What somebody shows of itself now; empty once it has been erased. */
type Shown = Readonly<{ profile: ShownProfile }>;

export type ShownFriend = Friend & Shown;
/** A block never changes: it is made, and it ends. */
export type ShownBlack = Black & Shown & Readonly<{ changedPos: Position }>;
export type ShownRequest = FriendRequest & Readonly<{ asker: ShownProfile; asked: ShownProfile }>;

/** Whom a change of profile is told to, at most; the others see it when they next sync. */
export const LISTING_MAX = 10_000;

export type FriendQueries = Readonly<{
  /** Pinned first, then as they came. */
  friends: (owner: UserId, page: Page) => Promise<Found<ShownFriend>>;
  /** Those of the ids that are in the owner's list, in the order asked for. */
  friendsAmong: (owner: UserId, ids: readonly UserId[]) => Promise<readonly ShownFriend[]>;
  /** In the order of the pages, with the version of that very moment. */
  friendIds: (owner: UserId) => Promise<Readonly<{ version: number; ids: readonly UserId[] }>>;
  friendsSince: (
    owner: UserId,
    versionId: string,
    since: Version,
  ) => Promise<ListSince<ShownFriend>>;
  /** Who has the user in its list; `LISTING_MAX` of them at most. */
  listing: (user: UserId) => Promise<readonly UserId[]>;
  /** Newest first; of these results only, unless none is given. */
  requestsTo: (
    user: UserId,
    page: Page,
    results: readonly number[],
  ) => Promise<Found<ShownRequest>>;
  requestsFrom: (
    user: UserId,
    page: Page,
    results: readonly number[],
  ) => Promise<Found<ShownRequest>>;
  /** The request of the one, then that of the other, as far as there are any. */
  requestsBetween: (one: UserId, other: UserId) => Promise<readonly ShownRequest[]>;
  /** How many wait for the user's answer that were made after that time. */
  waiting: (user: UserId, after: Millis) => Promise<number>;
  /** As they were blocked. */
  blacks: (owner: UserId, page: Page) => Promise<Found<ShownBlack>>;
  /** Those of the ids that are blocked, in the order asked for. */
  blacksAmong: (owner: UserId, ids: readonly UserId[]) => Promise<readonly ShownBlack[]>;
  blacksSince: (owner: UserId, versionId: string, since: Version) => Promise<ListSince<ShownBlack>>;
}>;

const table = (name: string): Fragment => sql`${sql.table(tableName(name))}`;

/** Rows of the owner, each with the profile that it is shown with. */
const owned = (name: 'friends' | 'blacks', other: 'friend' | 'blocked', owner: UserId): Fragment =>
  sql`select r.*, p.*, greatest(r.${sql.ref(name === 'friends' ? 'changed_pos' : 'created_pos')},
      coalesce(p.profile_pos, 0)) as moved_pos
    from ${table(name)} r
    left join ${table('friend_profiles')} p on p.user_id = r.${sql.ref(other)}
    where r.owner = ${owner}`;

const ORDER = {
  friends: sql`pinned desc, created_pos`,
  blacks: sql`created_pos`,
} as const;

const readFriend = (row: Json): ShownFriend => ({
  ...friendRows.read(row),
  changedPos: Number(row['moved_pos']),
  profile: profileOf(row, row['friend']),
});

const readBlack = (row: Json): ShownBlack => ({
  ...blackRows.read(row),
  changedPos: Number(row['moved_pos']),
  profile: profileOf(row, row['blocked']),
});

/** Nobody is listed who was never registered; still, an id is shown rather than nothing. */
const profileOf = (row: Json, user: unknown): ShownProfile =>
  profileRows.read({ ...row, user_id: user });

const readRequest = (row: Json): ShownRequest => ({
  ...requestRows.read(row),
  asker: profileOf(recordOf(row['asker']), row['from_user']),
  asked: profileOf(recordOf(row['asked']), row['to_user']),
});

const stateOf = (owner: UserId, list: OwnedList): Fragment =>
  sql`select row_to_json(l) from ${table('friend_lists')} l
    where l.owner = ${owner} and l.list = ${list}`;

const readState = (value: unknown) =>
  value === null || value === undefined ? undefined : listRows.read(recordOf(value));

const listAt = async <T extends ShownFriend | ShownBlack>(
  db: Kysely<AnyTables>,
  rows: Fragment,
  state: Fragment,
  since: Version,
  read: (row: Json) => T,
): Promise<ListAt<T>> => {
  const found = await ask(db, {
    state,
    newest: sql`select coalesce(max(r.moved_pos), 0) from (${rows}) as r`,
    changed: sql`select json_agg(r) from (select * from (${rows}) as r
      where r.moved_pos > ${Math.min(since.version, Number.MAX_SAFE_INTEGER)} order by r.created_pos limit ${CHANGES_MAX + 1}) as r`,
  });
  return {
    state: readState(found['state']),
    newest: Number(found['newest']),
    changed: listOf(found['changed']).map(read),
  };
};

/** Requests with both profiles. */
const requestsWhere = (condition: Fragment): Fragment =>
  sql`select r.*, row_to_json(a) as asker, row_to_json(b) as asked
    from ${table('friend_requests')} r
    left join ${table('friend_profiles')} a on a.user_id = r.from_user
    left join ${table('friend_profiles')} b on b.user_id = r.to_user
    where ${condition}`;

const withResult = (results: readonly number[]): Fragment =>
  results.length === 0 ? sql`true` : sql`r.result = any(${results}::int8[])`;

const WAITING: RequestResult = 0;

export const friendQueries = (db: Kysely<AnyTables>): FriendQueries => {
  const friendsOf = (owner: UserId) => owned('friends', 'friend', owner);
  const blacksOf = (owner: UserId) => owned('blacks', 'blocked', owner);
  const newestFirst = sql`created_pos desc`;
  const requests = (condition: Fragment, page: Page) =>
    pageFrom(db, requestsWhere(condition), newestFirst, page, readRequest);

  return {
    friends: (owner, page) => pageFrom(db, friendsOf(owner), ORDER.friends, page, readFriend),
    friendsAmong: (owner, ids) => amongFrom(db, friendsOf(owner), 'friend', ids, readFriend),
    friendIds: async (owner) => {
      const found = await ask(db, {
        state: stateOf(owner, 'friends'),
        newest: sql`select coalesce(max(r.moved_pos), 0) from (${friendsOf(owner)}) as r`,
        ids: sql`select json_agg(r.friend order by r.pinned desc, r.created_pos)
          from (${friendsOf(owner)}) as r`,
      });
      const ids = Array.isArray(found['ids']) ? found['ids'].map((id) => String(id) as UserId) : [];
      return { version: versionOf(Number(found['newest']), readState(found['state'])), ids };
    },
    friendsSince: async (owner, versionId, since) => {
      const state = stateOf(owner, 'friends');
      return sinceOf(
        await listAt(db, friendsOf(owner), state, since, readFriend),
        versionId,
        since,
      );
    },
    listing: async (user) => {
      const { rows } = await sql<Readonly<{ owner: UserId }>>`
        select owner from ${table('friends')} where friend = ${user}
        order by created_pos desc limit ${LISTING_MAX}`.execute(db);
      return rows.map(({ owner }) => owner);
    },
    requestsTo: (user, page, results) =>
      requests(sql`r.to_user = ${user} and ${withResult(results)}`, page),
    requestsFrom: (user, page, results) =>
      requests(sql`r.from_user = ${user} and ${withResult(results)}`, page),
    requestsBetween: async (one, other) => {
      const { rows } = await sql<Json>`
        ${requestsWhere(sql`(r.from_user = ${one} and r.to_user = ${other})
          or (r.from_user = ${other} and r.to_user = ${one})`)}
        order by r.from_user <> ${one}`.execute(db);
      return rows.map(readRequest);
    },
    waiting: async (user, after) => {
      const { count } = await ask(db, {
        count: sql`select count(*) from ${table('friend_requests')}
          where to_user = ${user} and result = ${WAITING} and created_at > ${after}`,
      });
      return Number(count);
    },
    blacks: (owner, page) => pageFrom(db, blacksOf(owner), ORDER.blacks, page, readBlack),
    blacksAmong: (owner, ids) => amongFrom(db, blacksOf(owner), 'blocked', ids, readBlack),
    blacksSince: async (owner, versionId, since) => {
      const state = stateOf(owner, 'blacks');
      return sinceOf(await listAt(db, blacksOf(owner), state, since, readBlack), versionId, since);
    },
  };
};
