import type { BlockEvent } from '../../core/block/events.ts';
import type {
  FriendAccepted,
  FriendConfigured,
  FriendImported,
  FriendshipEvent,
} from '../../core/friendship/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import { isErased, type Personal, type Recorded } from '../../core/kernel/fact.ts';
import type { Position, UserId } from '../../core/kernel/ids.ts';
import type { Table } from '../kernel/model.ts';
import { profilesIn } from '../kernel/profiles.ts';
import { joinKey, rowsOf, splitKey } from '../kernel/rows.ts';
import { NOTHING_TO_SAY, withCome, withGone } from '../kernel/since.ts';
import { storable } from '../kernel/text.ts';
import {
  blackRows,
  friendRows,
  listRows,
  profileRows,
  requestRows,
  SOURCES,
  type Black,
  type Friend,
  type FriendRequest,
  type ListState,
  type OwnedList,
} from './rows.ts';

type Event = Recorded<SeqlineEvent>;
type FriendEvent = Recorded<FriendshipEvent>;

const isOfFriends = (event: Event): event is FriendEvent => event.stream.startsWith('friendship-');
const isOfBlocks = (event: Event): event is Recorded<BlockEvent> =>
  event.type === 'UserBlocked' || event.type === 'UserUnblocked';

/** A text of an event; nothing where it is absent or has been erased. */
const said = <Key extends string>(
  personal: Personal<Partial<Record<Key, string>>> | undefined,
  key: Key,
): string => (personal === undefined || isErased(personal) ? '' : storable(personal[key] ?? ''));

// --- friends: one row for each direction -----------------------------------------------------------

/** Who comes to be in whose list, unless they are already. */
const bondOf = ({ type, data }: FriendAccepted | FriendImported): readonly [UserId, UserId] =>
  type === 'FriendAccepted' ? [data.from, data.to] : [data.owner, data.friend];

const bothWays = ([one, other]: readonly [UserId, UserId]): readonly string[] => [
  joinKey(one, other),
  joinKey(other, one),
];

const listed = (event: Recorded<FriendAccepted | FriendImported>, key: string): Friend => {
  const [owner = '', friend = ''] = splitKey(key);
  const applied = event.type === 'FriendAccepted';
  return {
    owner: owner as UserId,
    friend: friend as UserId,
    remark: '',
    ex: '',
    pinned: false,
    source: applied ? SOURCES.applied : SOURCES.imported,
    operator: applied ? event.data.from : event.meta.actor,
    createdAt: event.created,
    createdPos: event.position,
    changedPos: event.position,
  };
};

const configured = (row: Friend, { data, position }: Recorded<FriendConfigured>): Friend => {
  const { pinned = row.pinned, notes = {} } = data;
  const changed = { ...row, pinned, changedPos: position };
  if (isErased(notes)) return { ...changed, remark: '', ex: '' };
  const { remark = row.remark, ex = row.ex } = notes;
  return { ...changed, remark: storable(remark), ex: storable(ex) };
};

const foldFriend = (row: Friend | undefined, event: FriendEvent, key: string) => {
  switch (event.type) {
    case 'FriendAccepted':
    case 'FriendImported':
      return row ?? listed(event, key);
    case 'FriendDeleted':
      return undefined;
    case 'FriendConfigured':
      return row && configured(row, event);
    case 'FriendRequested':
    case 'FriendRefused':
      return row;
  }
};

export const friends: Table<Friend> = {
  ...rowsOf(friendRows),
  keysOf: (event) => {
    if (!isOfFriends(event)) return [];
    switch (event.type) {
      case 'FriendAccepted':
      case 'FriendImported':
        return bothWays(bondOf(event));
      case 'FriendDeleted':
      case 'FriendConfigured':
        return [joinKey(event.data.owner, event.data.friend)];
      case 'FriendRequested':
      case 'FriendRefused':
        return [];
    }
  },
  fold: (row, event, key) => (isOfFriends(event) ? foldFriend(row, event, key) : row),
};

// --- requests: the newest of each direction --------------------------------------------------------

const asked = ({ data, created, position }: Extract<FriendEvent, { type: 'FriendRequested' }>) => ({
  from: data.from,
  to: data.to,
  result: 0 as const,
  greeting: said(data.application, 'greeting'),
  ex: said(data.application, 'ex'),
  createdAt: created,
  createdPos: position,
  handler: '',
  answer: '',
  handledAt: 0,
});

const foldRequest = (row: FriendRequest | undefined, event: FriendEvent, key: string) => {
  if (event.type === 'FriendRequested') return asked(event);
  if (row === undefined) return undefined;
  if (event.type === 'FriendRefused') {
    const answer = said(event.data.answer, 'message');
    return { ...row, result: -1 as const, answer, handledAt: event.created };
  }
  if (event.type !== 'FriendAccepted') return row;
  // The request that crosses this one is settled with it, if it waits.
  const isOther = key !== joinKey(event.data.from, event.data.to);
  if (isOther && row.result !== 0) return row;
  return {
    ...row,
    result: 1 as const,
    handler: event.meta.actor,
    answer: isOther ? '' : said(event.data.answer, 'message'),
    handledAt: event.created,
  };
};

export const requests: Table<FriendRequest> = {
  ...rowsOf(requestRows),
  keysOf: (event) => {
    if (!isOfFriends(event)) return [];
    if (event.type === 'FriendAccepted') return bothWays(bondOf(event));
    return event.type === 'FriendRequested' || event.type === 'FriendRefused'
      ? [joinKey(event.data.from, event.data.to)]
      : [];
  },
  fold: (row, event, key) => (isOfFriends(event) ? foldRequest(row, event, key) : row),
};

// --- blacks ----------------------------------------------------------------------------------------

export const blacks: Table<Black> = {
  ...rowsOf(blackRows),
  keysOf: (event) => (isOfBlocks(event) ? [joinKey(event.data.owner, event.data.blocked)] : []),
  fold: (row, event) => {
    if (!isOfBlocks(event)) return row;
    if (event.type === 'UserUnblocked') return undefined;
    const { owner, blocked, notes } = event.data;
    return {
      owner,
      blocked,
      ex: said(notes, 'ex'),
      operator: event.meta.actor,
      createdAt: event.created,
      createdPos: event.position,
    };
  },
};

// --- lists: who went, and when the order changed ---------------------------------------------------

/** What an event does to one list: somebody comes or goes, or the order changes. */
type Turn = Readonly<{ owner: UserId; list: OwnedList }> &
  (Readonly<{ came: UserId } | { went: UserId }> | Readonly<{ sorted: true }>);

const turnsOf = (event: Event): readonly Turn[] => {
  if (isOfBlocks(event)) {
    const { owner, blocked } = event.data;
    const list = 'blacks';
    return [
      event.type === 'UserBlocked'
        ? { owner, list, came: blocked }
        : { owner, list, went: blocked },
    ];
  }
  if (!isOfFriends(event)) return [];
  const list = 'friends';
  switch (event.type) {
    case 'FriendAccepted':
    case 'FriendImported': {
      const [one, other] = bondOf(event);
      return [
        { owner: one, list, came: other },
        { owner: other, list, came: one },
      ];
    }
    case 'FriendDeleted':
      return [{ owner: event.data.owner, list, went: event.data.friend }];
    case 'FriendConfigured':
      return event.data.pinned === undefined
        ? []
        : [{ owner: event.data.owner, list, sorted: true }];
    case 'FriendRequested':
    case 'FriendRefused':
      return [];
  }
};

const turned = (row: ListState | undefined, turn: Turn, pos: Position): ListState | undefined => {
  const { owner, list } = turn;
  const state: ListState = row ?? { owner, list, ...NOTHING_TO_SAY };
  if ('sorted' in turn) return { ...state, sortPos: pos };
  if ('went' in turn) return withGone(state, [turn.went], pos);
  const after = withCome(state, [turn.came], pos);
  return after === state ? row : after;
};

export const lists: Table<ListState> = {
  ...rowsOf(listRows),
  keysOf: (event) => turnsOf(event).map(({ owner, list }) => joinKey(owner, list)),
  fold: (row, event, key) => {
    const turn = turnsOf(event).find(({ owner, list }) => joinKey(owner, list) === key);
    return turn === undefined ? row : turned(row, turn, event.position);
  },
};

// --- profiles --------------------------------------------------------------------------------------

export const profiles = profilesIn(profileRows);
