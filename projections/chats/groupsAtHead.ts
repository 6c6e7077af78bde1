import type { GroupId, UserId } from '../../core/kernel/ids.ts';
import type { GroupMarks } from '../../core/sequence/at.ts';
import type { Head, SeenHead } from '../../core/sequence/head.ts';
import { seenBy } from '../../core/sequence/membership.ts';
import type { Membership } from '../../core/sequence/window.ts';
import type { Table } from '../kernel/model.ts';
import type { Event } from '../kernel/tail.ts';
import { departures, groupMarks, passersOf, windowKey, windows } from './groupTables.ts';
import type { GroupRows } from './queries.ts';

/** Folds the tail onto rows of a table; those that it looks at beside its own are `others`. */
export type Fold = <Row, Other = never>(
  table: Table<Row, Other>,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  more?: Readonly<{ wanted?: (key: string) => boolean; others?: ReadonlyMap<string, Other> }>,
) => ReadonlyMap<string, Row>;

export type GroupsAtHead = Readonly<{
  marksOf: (group: GroupId) => GroupMarks | undefined;
  /** Those that the user is in. */
  joined: readonly GroupId[];
  /** As the user sees it; undefined: it is of a group that the user never was in. */
  seen: (head: Head) => SeenHead | undefined;
}>;

/** `before` are the heads of all their conversations as the tables have them, `user` is whose groups they are. */
export const groupsAtHead = (
  fold: Fold,
  user: UserId,
  groups: readonly GroupId[],
  rows: GroupRows,
  before: readonly Head[],
): GroupsAtHead => {
  const others = new Map(before.map((head) => [head.conversation as string, head]));
  const own = new Set(groups.map((group) => windowKey(group, user)));
  const windowRows = fold(windows, rows.windows, (row) => windowKey(row.group, row.user), {
    wanted: (key) => own.has(key),
    others,
  });
  const departureRows = fold(departures, rows.departures, ({ id }) => id, { others });
  const marks = fold(groupMarks, rows.marks, ({ group }) => group);
  const membershipIn = (group: GroupId): Membership | undefined => {
    const window = windowRows.get(windowKey(group, user));
    if (window === undefined) return undefined;
    const goneBy = window.leftBy === '' ? marks.get(group)?.endedBy : window.leftBy;
    const departure = goneBy === undefined ? undefined : departureRows.get(goneBy);
    return { window, departure };
  };
  const isIn = (group: GroupId): boolean => {
    const membership = membershipIn(group);
    return membership !== undefined && membership.departure === undefined;
  };
  return {
    marksOf: (group) => marks.get(group),
    joined: groups.filter(isIn),
    seen: (head) => {
      if (head.group === undefined) return head;
      const membership = membershipIn(head.group);
      return membership && seenBy(head, membership);
    },
  };
};

/** Of the events of a user, the groups that it has come into or gone from. */
export const groupsPassed = (events: readonly Event[], user: UserId): readonly GroupId[] => [
  ...new Set(
    events.flatMap((event) =>
      'group' in event.data && passersOf(event).includes(user) ? [event.data.group] : [],
    ),
  ),
];

/** Names under which the tail has what bears on some groups. */
export const groupNames = (groups: Iterable<GroupId>): readonly string[] =>
  [...new Set(groups)].map((group) => `g:${group}`);
