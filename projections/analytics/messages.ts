import type { UserId } from '../../core/kernel/ids.ts';
import { joinKey, rowsOf, splitKey } from '../kernel/rows.ts';
import { shapeOf, text } from '../kernel/shape.ts';
import { kindIn, type Kind } from './accounts.ts';
import { TYPE_NAMES } from './contentTypes.ts';
import { counts } from './counts.ts';
import { dayOf, hourOf, tableOf, type Metric, type RowTable } from './metric.ts';

const ME = { name: 'messages', version: 1 } as const;

/** Accounts that are no ordinary users; there are few of them. */
type Account = Readonly<{ user: UserId; kind: Kind }>;

const accounts: RowTable<Account> = {
  ...rowsOf<Account>({
    table: tableOf(ME, 'accounts'),
    ...shapeOf<Account>({ user: text('user_id'), kind: text('kind') }),
    key: ['user_id'],
    partsOf: splitKey,
    keyOf: ({ user }) => joinKey(user),
  }),
  keysOf: (event) => {
    const said = kindIn(event);
    return said === undefined ? [] : [joinKey(said.user)];
  },
  fold: (_, event) => {
    const said = kindIn(event);
    return said?.kind === 'user' ? undefined : said;
  },
};

const COLUMN_OF = {
  user: 'users',
  admin: 'admins',
  notification: 'notification_accounts',
  robot: 'robots',
} as const satisfies Record<Kind, string>;

const SENDERS = ['users', 'admins', 'notification_accounts', 'robots', 'system'] as const;

const hours = counts({
  table: tableOf(ME, 'hours'),
  dimensions: { day: 'date', hour: 'int8', chat: 'text', content_type: 'int8' },
  counts: [...SENDERS, 'changed_by_app'],
  rowsOf: (event) =>
    event.type === 'MessageSent'
      ? [[dayOf(event), hourOf(event), chatOf(event.data), event.data.contentType]]
      : [],
  beside: {
    table: accounts,
    keysOf: (event) => (event.type === 'MessageSent' ? [joinKey(event.data.from)] : []),
  },
  add: (event, [account]) => {
    if (event.type !== 'MessageSent') return undefined;
    const by = event.data.system === true ? 'system' : COLUMN_OF[account?.kind ?? 'user'];
    return { [by]: 1, changed_by_app: event.meta.modifiedBy === undefined ? 0 : 1 };
  },
});

const chatOf = (data: object): string => ('group' in data ? 'group' : 'direct');

const named = Object.entries(TYPE_NAMES).map(([type, name]) => `when ${type} then '${name}'`);

/** How many messages of which type were sent in which hour. */
export const messages: Metric = {
  ...ME,
  tables: [accounts, hours],
  views: [
    {
      name: 'analytics_messages',
      about: 'Messages by hour, kind of chat and type',
      select: `select day, hour, chat, content_type,
          case content_type ${named.join(' ')} else 'other' end as type,
          ${SENDERS.join(' + ')} as messages, ${SENDERS.join(', ')}, changed_by_app
        from ${tableOf(ME, 'hours')}`,
    },
  ],
};
