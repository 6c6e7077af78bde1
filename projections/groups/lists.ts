import { type Kysely, sql } from 'kysely';
import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import type { AnyTables } from '../kernel/model.ts';
import { ask, listOf, recordOf, type Json } from '../kernel/questions.ts';
import {
  CHANGES_MAX,
  NOTHING_TO_SAY,
  sinceOf,
  type ListAt,
  type ListSince,
  type ListTurns,
  type Version,
} from '../kernel/since.ts';
import { disbandedAround, joinedBy, membersOf, rowIn } from './fragments.ts';
import { groupRows, joinedListRows, memberListRows, memberRows } from './rows.ts';
import {
  readGroup,
  readMember,
  type MembersSince,
  type ShownGroup,
  type ShownMember,
} from './shown.ts';

const isThere = (value: unknown): boolean => value !== null && value !== undefined;

/** What every answer about a user's list of groups is made of. */
export const joinedParts = (user: UserId) => ({
  state: rowIn('joined_lists', 'user_id', user),
  newest: sql`select greatest(
    (select max(r.moved_pos) from (${joinedBy(user)}) as r),
    (select max(r.disbanded_pos) from (${disbandedAround(user)}) as r), 0)`,
});

export const joinedTurns = (value: unknown): ListTurns<GroupId> =>
  isThere(value) ? joinedListRows.read(recordOf(value)) : NOTHING_TO_SAY;

/** What is shown, with the positions or versions that its place in the changes is told by. */
type Entry<T> = Readonly<{ shown: T; createdPos: number; changedPos: number }>;

const shownIn = <T, Id>(answer: ListSince<Entry<T>, Id>): ListSince<T, Id> => ({
  ...answer,
  insert: answer.insert.map(({ shown }) => shown),
  update: answer.update.map(({ shown }) => shown),
});

const readJoined = (row: Json): Entry<ShownGroup> => ({
  shown: readGroup(row),
  createdPos: Number(row['joined_pos']),
  changedPos: Number(row['moved_pos']),
});

/** A version that a client says: whatever it is, Postgres can compare with it. */
const countable = ({ version }: Version): number => Math.min(version, Number.MAX_SAFE_INTEGER);

const joinedAt = async (
  db: Kysely<AnyTables>,
  user: UserId,
  since: Version,
): Promise<ListAt<Entry<ShownGroup>, GroupId>> => {
  const after = countable(since);
  const found = await ask(db, {
    ...joinedParts(user),
    changed: sql`select json_agg(r) from (select * from (${joinedBy(user)}) as r
      where r.moved_pos > ${after} order by r.joined_pos limit ${CHANGES_MAX + 1}) as r`,
    disbanded: sql`select json_agg(r) from (select * from (${disbandedAround(user)}) as r
      where r.disbanded_pos > ${after} order by r.disbanded_pos limit ${CHANGES_MAX + 1}) as r`,
  });
  const turns = joinedTurns(found['state']);
  const disbanded = listOf(found['disbanded']).map((row) => ({
    user: String(row['group_id']) as GroupId,
    pos: Number(row['disbanded_pos']),
  }));
  const gone = [...turns.gone, ...disbanded].toSorted((one, other) => one.pos - other.pos);
  return {
    state: { ...turns, gone },
    newest: Number(found['newest']),
    changed: listOf(found['changed']).map(readJoined),
  };
};

const readChanged = (row: Json): Entry<ShownMember> => {
  const { createdVersion, changedVersion } = memberRows.read(row);
  return { shown: readMember(row), createdPos: createdVersion, changedPos: changedVersion };
};

export const joinedSince = async (
  db: Kysely<AnyTables>,
  user: UserId,
  versionId: string,
  since: Version,
): Promise<ListSince<ShownGroup, GroupId>> =>
  shownIn(sinceOf(await joinedAt(db, user, since), versionId, since));

/** Before the first event of a group there is no list of members: its version is 1, as of any list. */
export const NO_VERSION = 1;

export const membersSince = async (
  db: Kysely<AnyTables>,
  group: GroupId,
  versionId: string,
  since: Version,
): Promise<MembersSince> => {
  const found = await ask(db, {
    state: rowIn('group_member_lists', 'group_id', group),
    of_group: rowIn('groups', 'group_id', group),
    // The index gives the first of them; only as many as are told are then put in the order of the list.
    changed: sql`select json_agg(r order by r.joined_pos, r.place) from
      (select * from (${membersOf(group)}) as r where r.changed_version > ${countable(since)}
        order by r.changed_version limit ${CHANGES_MAX + 1}) as r`,
  });
  const state = isThere(found['state']) ? memberListRows.read(recordOf(found['state'])) : undefined;
  const ofGroup = isThere(found['of_group']) ? recordOf(found['of_group']) : undefined;
  const answer = sinceOf(
    { state, newest: state?.version ?? 0, changed: listOf(found['changed']).map(readChanged) },
    versionId,
    since,
  );
  const isDisbanded = ofGroup !== undefined && groupRows.read(ofGroup).disbandedPos > 0;
  const { version } = answer;
  // Of those who went with the group there is no list: a client that fetches all finds nobody.
  const all = {
    version,
    versionId,
    full: true,
    delete: [],
    insert: [],
    update: [],
    sortVersion: 0,
  };
  const told = isDisbanded ? all : shownIn(answer);
  const isNews = told.full || version > since.version;
  return { ...told, group: isNews && ofGroup !== undefined ? readGroup(ofGroup) : undefined };
};
