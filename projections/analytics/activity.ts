import type { Millis } from '../../core/kernel/ids.ts';
import { joinKey, rowsOf, splitKey } from '../kernel/rows.ts';
import { day, flag, shapeOf, text } from '../kernel/shape.ts';
import { kindIn, ownActOf, type Kind } from './accounts.ts';
import { dayOf, tableOf, type Metric, type RowTable } from './metric.ts';

const ME = { name: 'activity', version: 1 } as const;

/** Since when there is a user, and when it first did something. Moments are of commit. */
type User = Readonly<{
  user: string;
  kind: Kind;
  registeredAt: Millis;
  firstSentAt: Millis | null;
  firstLoginAt: Millis | null;
}>;

const millis = (value: unknown): Millis | null => (value === null ? null : Number(value));

const users: RowTable<User> = {
  ...rowsOf<User>({
    table: tableOf(ME, 'users'),
    columns: {
      user_id: { type: 'text', of: ({ user }) => user },
      kind: { type: 'text', of: ({ kind }) => kind },
      registered_at: { type: 'int8', of: ({ registeredAt }) => registeredAt },
      first_sent_at: { type: 'int8', of: ({ firstSentAt }) => firstSentAt, null: true },
      first_login_at: { type: 'int8', of: ({ firstLoginAt }) => firstLoginAt, null: true },
    },
    key: ['user_id'],
    partsOf: splitKey,
    keyOf: ({ user }) => joinKey(user),
    read: (row) => ({
      user: String(row['user_id']),
      kind: String(row['kind']) as Kind,
      registeredAt: Number(row['registered_at']),
      firstSentAt: millis(row['first_sent_at']),
      firstLoginAt: millis(row['first_login_at']),
    }),
  }),
  keysOf: (event) => {
    const user = kindIn(event)?.user ?? ownActOf(event)?.user;
    return user === undefined || event.type === 'ReadMarked' || event.type === 'MessagesRead'
      ? []
      : [joinKey(user)];
  },
  fold: (row, event, key) => {
    const { created } = event;
    const said = kindIn(event);
    if (said !== undefined && row === undefined) {
      if (event.type !== 'UserRegistered') return undefined;
      const [user = ''] = splitKey(key);
      const none = { firstSentAt: null, firstLoginAt: null };
      return { user, kind: said.kind, registeredAt: created, ...none };
    }
    if (row === undefined) return undefined;
    if (said !== undefined) return said.kind === row.kind ? row : { ...row, kind: said.kind };
    if (event.type === 'MessageSent')
      return row.firstSentAt === null ? { ...row, firstSentAt: created } : row;
    return row.firstLoginAt === null ? { ...row, firstLoginAt: created } : row;
  },
};

/** That a user was active on a day, and how. Counts nothing, so a busy user is written as seldom as any. */
type UserDay = Readonly<{
  day: string;
  user: string;
  kind: Kind;
  sent: boolean;
  read: boolean;
  loggedIn: boolean;
}>;

const userDays: RowTable<UserDay, User> = {
  ...rowsOf<UserDay>({
    table: tableOf(ME, 'user_days'),
    ...shapeOf<UserDay>({
      day: day('day'),
      user: text('user_id'),
      kind: text('kind'),
      sent: flag('sent'),
      read: flag('read'),
      loggedIn: flag('logged_in'),
    }),
    key: ['day', 'user_id'],
    partsOf: splitKey,
    keyOf: (row) => joinKey(row.day, row.user),
  }),
  keysOf: (event) => {
    const acted = ownActOf(event);
    return acted === undefined ? [] : [joinKey(dayOf(event), acted.user)];
  },
  beside: {
    table: users,
    keysOf: (event) => {
      const acted = ownActOf(event);
      return acted === undefined ? [] : [joinKey(acted.user)];
    },
  },
  fold: (row, event, _, [who]) => {
    const acted = ownActOf(event);
    if (acted === undefined || row?.[acted.act] === true) return row;
    const { user, act } = acted;
    const kind = who?.kind ?? 'user';
    const idle = { day: dayOf(event), user, kind, sent: false, read: false, loggedIn: false };
    return { ...(row ?? idle), [act]: true };
  },
};

const at = (column: string): string => `to_timestamp(${column} / 1000.0) as ${column}`;
const active = `count(*) as active, count(*) filter (where sent) as senders,
    count(*) filter (where read) as readers, count(*) filter (where logged_in) as logins`;

/** Who was active on which day, and since when there is each user. */
export const activity: Metric = {
  ...ME,
  tables: [users, userDays],
  views: [
    {
      name: 'analytics_users',
      about: 'Since when there is a user, and when it first did something',
      select: `select user_id, kind, ${at('registered_at')}, ${at('first_sent_at')}, ${at('first_login_at')}
        from ${tableOf(ME, 'users')}`,
    },
    {
      name: 'analytics_user_days',
      about: 'Which user was active on which day, and how',
      select: `select day, user_id, kind, sent, read, logged_in from ${tableOf(ME, 'user_days')}`,
    },
    {
      name: 'analytics_daily_users',
      about: 'Active ordinary users of each day',
      select: `select day, ${active} from ${tableOf(ME, 'user_days')} where kind = 'user' group by day`,
    },
    {
      name: 'analytics_monthly_users',
      about: 'Active ordinary users of each calendar month',
      select: `select month, ${active} from (
          select date_trunc('month', day)::date as month, user_id, bool_or(sent) as sent,
            bool_or(read) as read, bool_or(logged_in) as logged_in
          from ${tableOf(ME, 'user_days')} where kind = 'user' group by 1, 2
        ) as users group by month`,
    },
  ],
};
