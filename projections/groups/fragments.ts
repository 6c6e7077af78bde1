import { sql } from 'kysely';
import type { Role } from '../../core/group/events.ts';
import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import type { Fragment } from '../kernel/questions.ts';
import { storable } from '../kernel/text.ts';
import { tableName } from './rows.ts';

export const table = (name: string): Fragment => sql`${sql.table(tableName(name))}`;

export const NEWEST_FIRST = sql`created_pos desc`;
export const MEMBER_ORDER = sql`role desc, joined_pos, place`;
export const MANAGER_MIN: Role = 60;

/** The shown name and picture of a member `m` with the profile `p`. */
const shownAs = sql`coalesce(nullif(m.nickname, ''), p.nickname, '') as shown_nickname,
  coalesce(nullif(m.face_url, ''), p.face_url, '') as shown_face_url`;

/** Groups that the user is in. A change of the group moves them too, without a row of the user's. */
export const joinedBy = (user: UserId): Fragment =>
  sql`select g.*, m.role, m.joined_pos, greatest(m.joined_pos, g.info_pos) as moved_pos
    from ${table('group_members')} m join ${table('groups')} g using (group_id)
    where m.user_id = ${user} and g.disbanded_pos = 0`;

/** Those that were disbanded around the user: each has gone from its list. */
export const disbandedAround = (user: UserId): Fragment =>
  sql`select g.group_id, g.disbanded_pos
    from ${table('group_members')} m join ${table('groups')} g using (group_id)
    where m.user_id = ${user} and g.disbanded_pos > 0`;

export const managedBy = (user: UserId): Fragment =>
  sql`select r.group_id from (${joinedBy(user)}) as r where r.role >= ${MANAGER_MIN}`;

/** Nobody is in a group that has been disbanded, though the rows are there. */
export const membersOf = (group: GroupId): Fragment =>
  sql`select m.*, ${shownAs}
    from ${table('group_members')} m
    join ${table('groups')} g on g.group_id = m.group_id and g.disbanded_pos = 0
    left join ${table('group_profiles')} p on p.user_id = m.user_id
    where m.group_id = ${group}`;

/** `strpos` knows no patterns, so there is nothing to escape. */
export const contains = (column: Fragment, text: string): Fragment =>
  sql`strpos(lower(${column}), lower(${storable(text)})) > 0`;

export const requestsWhere = (condition: Fragment): Fragment =>
  sql`select r.*, row_to_json(g) as of_group, row_to_json(p) as asker
    from ${table('group_requests')} r
    join ${table('groups')} g using (group_id)
    left join ${table('group_profiles')} p on p.user_id = r.user_id
    where ${condition}`;

export const amongGroups = (groups: readonly GroupId[]): Fragment =>
  groups.length === 0 ? sql`true` : sql`r.group_id = any(${groups}::text[])`;

export const withResult = (results: readonly number[]): Fragment =>
  results.length === 0 ? sql`true` : sql`r.result = any(${results}::int8[])`;

export const rowIn = (name: string, key: string, id: string): Fragment =>
  sql`select row_to_json(l) from ${table(name)} l where l.${sql.ref(key)} = ${id}`;
