import type { Millis } from '../../core/kernel/ids.ts';
import { joinKey, rowsOf, splitKey } from '../kernel/rows.ts';
import { day, int, shapeOf, text } from '../kernel/shape.ts';
import type { Event } from '../kernel/tail.ts';
import { dayOf, tableOf, type Metric, type RowTable } from './metric.ts';

const ME = { name: 'groups', version: 1 } as const;

type Group = Readonly<{
  group: string;
  createdAt: Millis;
  dismissedAt: Millis | null;
  members: number;
}>;

/** How many come and go by an event, of so many that were in the group. */
const movesOf = (event: Event, members: number): Readonly<{ joined: number; went: number }> => {
  switch (event.type) {
    case 'GroupCreated':
      return { joined: 1 + event.data.admins.length + event.data.members.length, went: 0 };
    case 'MembersAdded':
      return { joined: event.data.users.length, went: 0 };
    case 'MemberLeft':
      return { joined: 0, went: 1 };
    case 'MembersKicked':
      return { joined: 0, went: event.data.users.length };
    case 'GroupDisbanded':
      return { joined: 0, went: members };
    default:
      // The rest moves nobody.
      return { joined: 0, went: 0 };
  }
};

const movedIn = (event: Event): string | undefined => {
  switch (event.type) {
    case 'GroupCreated':
    case 'MembersAdded':
    case 'MemberLeft':
    case 'MembersKicked':
    case 'GroupDismissed':
    case 'GroupDisbanded':
      return event.data.group;
    default:
      return undefined;
  }
};

const groupRows: RowTable<Group> = {
  ...rowsOf<Group>({
    table: tableOf(ME, 'groups'),
    columns: {
      group_id: { type: 'text', of: ({ group }) => group },
      created_at: { type: 'int8', of: ({ createdAt }) => createdAt },
      dismissed_at: { type: 'int8', of: ({ dismissedAt }) => dismissedAt, null: true },
      members: { type: 'int8', of: ({ members }) => members },
    },
    key: ['group_id'],
    partsOf: splitKey,
    keyOf: ({ group }) => joinKey(group),
    read: (row) => ({
      group: String(row['group_id']),
      createdAt: Number(row['created_at']),
      dismissedAt: row['dismissed_at'] === null ? null : Number(row['dismissed_at']),
      members: Number(row['members']),
    }),
  }),
  keysOf: (event) => {
    const group = movedIn(event);
    return group === undefined ? [] : [joinKey(group)];
  },
  fold: (row, event, key) => {
    const [group = ''] = splitKey(key);
    const known = row ?? { group, createdAt: event.created, dismissedAt: null, members: 0 };
    const { joined, went } = movesOf(event, known.members);
    const members = known.members + joined - went;
    if (event.type !== 'GroupDismissed') return { ...known, members };
    return { ...known, members, dismissedAt: known.dismissedAt ?? event.created };
  },
};

type GroupDay = Readonly<{
  day: string;
  group: string;
  messages: number;
  joined: number;
  went: number;
  /** After the day's last event that is counted. */
  members: number;
}>;

const groupIn = (event: Event): string | undefined => {
  if (event.type !== 'MessageSent') return movedIn(event);
  return 'group' in event.data ? event.data.group : undefined;
};

const groupDays: RowTable<GroupDay, Group> = {
  ...rowsOf<GroupDay>({
    table: tableOf(ME, 'group_days'),
    ...shapeOf<GroupDay>({
      day: day('day'),
      group: text('group_id'),
      messages: int('messages'),
      joined: int('joined'),
      went: int('went'),
      members: int('members'),
    }),
    key: ['day', 'group_id'],
    partsOf: splitKey,
    keyOf: (row) => joinKey(row.day, row.group),
  }),
  keysOf: (event) => {
    const group = groupIn(event);
    return group === undefined ? [] : [joinKey(dayOf(event), group)];
  },
  beside: {
    table: groupRows,
    keysOf: (event) => {
      const group = groupIn(event);
      return group === undefined ? [] : [joinKey(group)];
    },
  },
  fold: (row, event, key, [known]) => {
    const [date = '', group = ''] = splitKey(key);
    const before = row ?? { day: date, group, messages: 0, joined: 0, went: 0, members: 0 };
    const members = known?.members ?? 0;
    const { joined, went } = movesOf(event, members);
    return {
      ...before,
      messages: before.messages + (event.type === 'MessageSent' ? 1 : 0),
      joined: before.joined + joined,
      went: before.went + went,
      members: members + joined - went,
    };
  },
};

/** How groups grow, and what is said in them. */
export const groups: Metric = {
  ...ME,
  tables: [groupRows, groupDays],
  views: [
    {
      name: 'analytics_groups',
      about: 'Groups, with as many members as they have',
      select: `select group_id, to_timestamp(created_at / 1000.0) as created_at,
          to_timestamp(dismissed_at / 1000.0) as dismissed_at, members
        from ${tableOf(ME, 'groups')}`,
    },
    {
      name: 'analytics_group_days',
      about: 'What happened in a group on a day on which anything did',
      select: `select day, group_id, messages, joined, went, members
        from ${tableOf(ME, 'group_days')}`,
    },
  ],
};
