import type { Event } from '../kernel/tail.ts';
import { counts } from './counts.ts';
import { dayOf, tableOf, type Metric } from './metric.ts';

const ME = { name: 'daily', version: 1 } as const;

/** By the type of the event: what it is called here, and how many it counts for, if not one. */
const HAPPENINGS: Readonly<Partial<Record<Event['type'], string>>> = {
  UserRegistered: 'user registered',
  FriendRequested: 'friend requested',
  FriendAccepted: 'friend accepted',
  FriendRefused: 'friend refused',
  FriendImported: 'friend imported',
  FriendDeleted: 'friend deleted',
  UserBlocked: 'user blocked',
  UserUnblocked: 'user unblocked',
  MessageRevoked: 'message revoked',
  GroupCreated: 'group created',
  GroupDismissed: 'group dismissed',
  JoinRequested: 'group join requested',
  MembersAdded: 'group members added',
  MemberLeft: 'group member left',
  MembersKicked: 'group members kicked',
};

const manyIn = (event: Event): number =>
  event.type === 'MembersAdded' || event.type === 'MembersKicked' ? event.data.users.length : 1;

const happenings = counts({
  table: tableOf(ME, 'happenings'),
  dimensions: { day: 'date', what: 'text' },
  counts: ['count'],
  rowsOf: (event) => {
    const what = HAPPENINGS[event.type];
    return what === undefined ? [] : [[dayOf(event), what]];
  },
  add: (event) => ({ count: manyIn(event) }),
});

const logins = counts({
  table: tableOf(ME, 'logins'),
  dimensions: { day: 'date', platform: 'int8' },
  counts: ['issued', 'connected'],
  rowsOf: (event) =>
    event.type === 'TokenIssued' || event.type === 'LoginActivated'
      ? [[dayOf(event), event.data.platform]]
      : [],
  add: (event) => (event.type === 'TokenIssued' ? { issued: 1 } : { connected: 1 }),
});

/** How often what happened on each day. */
export const daily: Metric = {
  ...ME,
  tables: [happenings, logins],
  views: [
    {
      name: 'analytics_happenings',
      about: 'How often what happened on which day',
      select: `select day, what, count from ${tableOf(ME, 'happenings')}`,
    },
    {
      name: 'analytics_logins',
      about: 'Tokens that were given and first used, by day and platform',
      select: `select day, platform, issued, connected from ${tableOf(ME, 'logins')}`,
    },
  ],
};
