import { type Kysely, sql } from 'kysely';
import type { GroupId, Millis, Position, UserId } from '../../core/kernel/ids.ts';
import type { AnyTables } from '../kernel/model.ts';
import type { Found, Page } from '../kernel/page.ts';
import { amongFrom, ask, pageFrom, type Fragment, type Json } from '../kernel/questions.ts';
import { versionOf, type ListSince, type Version } from '../kernel/since.ts';
import {
  amongGroups,
  contains,
  joinedBy,
  managedBy,
  MANAGER_MIN,
  MEMBER_ORDER,
  membersOf,
  NEWEST_FIRST,
  requestsWhere,
  table,
  withResult,
} from './fragments.ts';
import { joinedParts, joinedSince, joinedTurns, membersSince, NO_VERSION } from './lists.ts';
import {
  readGroup,
  readMember,
  readRequest,
  type MembersSince,
  type ShownGroup,
  type ShownGroupRequest,
  type ShownMember,
} from './shown.ts';

export type { MembersSince, ShownGroup, ShownGroupRequest, ShownMember };

export type GroupQueries = Readonly<{
  /** Those that exist, in the order asked for, dismissed ones too. */
  groups: (groups: readonly GroupId[]) => Promise<readonly ShownGroup[]>;
  /** Of which the user is a member, in the order in which it joined. */
  joined: (user: UserId, page: Page) => Promise<Found<ShownGroup>>;
  joinedIds: (user: UserId) => Promise<Readonly<{ version: number; ids: readonly GroupId[] }>>;
  /** Likewise, those that it had come into by that position. */
  joinedUpTo: (user: UserId, position: Position) => Promise<readonly GroupId[]>;
  joinedSince: (
    user: UserId,
    versionId: string,
    since: Version,
  ) => Promise<ListSince<ShownGroup, GroupId>>;
  /** Owner, admins, members; then as they joined. The keyword is part of a shown name, in any case. */
  members: (group: GroupId, page: Page, keyword: string) => Promise<Found<ShownMember>>;
  membersAmong: (group: GroupId, users: readonly UserId[]) => Promise<readonly ShownMember[]>;
  /** Ids of owner and admins, the owner first. */
  managers: (group: GroupId) => Promise<readonly UserId[]>;
  memberIds: (group: GroupId) => Promise<Readonly<{ version: number; ids: readonly UserId[] }>>;
  membersSince: (group: GroupId, versionId: string, since: Version) => Promise<MembersSince>;
  /** By id alone if one is given; else part of the name, dismissed ones left out, newest first. */
  search: (
    wanted: Readonly<{ group: string; name: string }>,
    page: Page,
  ) => Promise<Found<ShownGroup & Readonly<{ ownerName: string }>>>;
  /** Of all groups that the user owns or administers, or of these of them. Newest first. */
  requestsTo: (
    user: UserId,
    groups: readonly GroupId[],
    results: readonly number[],
    page: Page,
  ) => Promise<Found<ShownGroupRequest>>;
  requestsFrom: (
    user: UserId,
    groups: readonly GroupId[],
    results: readonly number[],
    page: Page,
  ) => Promise<Found<ShownGroupRequest>>;
  requestsOf: (group: GroupId, users: readonly UserId[]) => Promise<readonly ShownGroupRequest[]>;
  /** How many wait for an answer in the groups that the user owns or administers, made after that time. */
  waiting: (user: UserId, after: Millis) => Promise<number>;
}>;

const WAITING = 0;

const idsOf = <Id extends string>(value: unknown): readonly Id[] =>
  Array.isArray(value) ? value.map((id) => String(id) as Id) : [];

type OfMembers = 'members' | 'membersAmong' | 'managers' | 'memberIds' | 'membersSince';
type OfRequests = 'requestsTo' | 'requestsFrom' | 'requestsOf' | 'waiting';

const memberQueries = (db: Kysely<AnyTables>): Pick<GroupQueries, OfMembers> => ({
  members: (group, page, keyword) => {
    const all = membersOf(group);
    if (keyword !== '') {
      const named = sql`select * from (${all}) as r where ${contains(sql`r.shown_nickname`, keyword)}`;
      return pageFrom(db, named, MEMBER_ORDER, page, readMember);
    }
    const count = sql`select coalesce((select member_count from ${table('groups')}
      where group_id = ${group}), 0)`;
    return pageFrom(db, all, MEMBER_ORDER, page, readMember, count);
  },
  membersAmong: (group, users) => amongFrom(db, membersOf(group), 'user_id', users, readMember),
  managers: async (group) => {
    const { ids } = await ask(db, {
      ids: sql`select json_agg(r.user_id order by ${MEMBER_ORDER}) from (${membersOf(group)}) as r
        where r.role >= ${MANAGER_MIN}`,
    });
    return idsOf(ids);
  },
  memberIds: async (group) => {
    const { version, ids } = await ask(db, {
      version: sql`select version from ${table('group_member_lists')} where group_id = ${group}`,
      ids: sql`select json_agg(r.user_id order by ${MEMBER_ORDER}) from (${membersOf(group)}) as r`,
    });
    return { version: Number(version ?? NO_VERSION), ids: idsOf(ids) };
  },
  membersSince: (group, versionId, since) => membersSince(db, group, versionId, since),
});

const requestQueries = (db: Kysely<AnyTables>): Pick<GroupQueries, OfRequests> => {
  const requests = (condition: Fragment, page: Page) =>
    pageFrom(db, requestsWhere(condition), sql`requested_pos desc`, page, readRequest);

  return {
    requestsTo: (user, groups, results, page) =>
      requests(
        sql`r.group_id in (${managedBy(user)}) and ${amongGroups(groups)} and ${withResult(results)}`,
        page,
      ),
    requestsFrom: (user, groups, results, page) =>
      requests(
        sql`r.user_id = ${user} and ${amongGroups(groups)} and ${withResult(results)}`,
        page,
      ),
    requestsOf: (group, users) =>
      amongFrom(db, requestsWhere(sql`r.group_id = ${group}`), 'user_id', users, readRequest),
    waiting: async (user, after) => {
      const { count } = await ask(db, {
        count: sql`select count(*) from ${table('group_requests')} r
          where r.group_id in (${managedBy(user)}) and r.result = ${WAITING}
            and r.requested_at > ${after}`,
      });
      return Number(count);
    },
  };
};

export const groupQueries = (db: Kysely<AnyTables>): GroupQueries => ({
  ...memberQueries(db),
  ...requestQueries(db),
  groups: (groups) =>
    amongFrom(db, sql`select * from ${table('groups')}`, 'group_id', groups, readGroup),
  joined: (user, page) => pageFrom(db, joinedBy(user), sql`joined_pos`, page, readGroup),
  joinedIds: async (user) => {
    const found = await ask(db, {
      ...joinedParts(user),
      ids: sql`select json_agg(r.group_id order by r.joined_pos) from (${joinedBy(user)}) as r`,
    });
    const version = versionOf(Number(found['newest']), joinedTurns(found['state']));
    return { version, ids: idsOf(found['ids']) };
  },
  joinedUpTo: async (user, position) => {
    const { ids } = await ask(db, {
      ids: sql`select json_agg(r.group_id order by r.joined_pos) from (${joinedBy(user)}) as r
        where r.joined_pos <= ${position}`,
    });
    return idsOf(ids);
  },
  joinedSince: (user, versionId, since) => joinedSince(db, user, versionId, since),
  search: ({ group, name }, page) => {
    const found = sql`select g.*, coalesce(nullif(m.nickname, ''), p.nickname, '') as owner_name
      from ${table('groups')} g
      left join ${table('group_members')} m on m.group_id = g.group_id and m.user_id = g.owner
      left join ${table('group_profiles')} p on p.user_id = g.owner`;
    const read = (row: Json) => ({ ...readGroup(row), ownerName: String(row['owner_name']) });
    const isWanted =
      group === ''
        ? sql`not g.dismissed and ${contains(sql`g.name`, name)}`
        : sql`g.group_id = ${group}`;
    return pageFrom(db, sql`${found} where ${isWanted}`, NEWEST_FIRST, page, read);
  },
});
