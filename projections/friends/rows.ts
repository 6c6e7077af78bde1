import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import { profileRowsIn } from '../kernel/profiles.ts';
import { joinKey, splitKey, type RowsOptions } from '../kernel/rows.ts';
import { goneOf, goneText, type ListTurns } from '../kernel/since.ts';

/** Raise it and all of this read model is built anew beside the old one. */
export const FRIENDS_VERSION = 1;

export const tableName = (name: string): string => `seqline.${name}_v${String(FRIENDS_VERSION)}`;

type AnyRow = Readonly<Record<string, unknown>>;
const user = (value: unknown): UserId => String(value) as UserId;

/** How someone has come to be in a list (OpenIM's addSource). */
export const SOURCES = { imported: 1, applied: 2 } as const;

/** One user in the list of another. */
export type Friend = Readonly<{
  owner: UserId;
  friend: UserId;
  remark: string;
  ex: string;
  pinned: boolean;
  source: number;
  operator: string;
  createdAt: Millis;
  createdPos: Position;
  changedPos: Position;
}>;

export const friendRows: RowsOptions<Friend> = {
  table: tableName('friends'),
  key: ['owner', 'friend'],
  partsOf: splitKey,
  keyOf: ({ owner, friend }) => joinKey(owner, friend),
  columns: {
    owner: { type: 'text', of: (row) => row.owner },
    friend: { type: 'text', of: (row) => row.friend },
    remark: { type: 'text', of: (row) => row.remark },
    ex: { type: 'text', of: (row) => row.ex },
    pinned: { type: 'bool', of: (row) => row.pinned },
    source: { type: 'int8', of: (row) => row.source },
    operator: { type: 'text', of: (row) => row.operator },
    created_at: { type: 'int8', of: (row) => row.createdAt },
    created_pos: { type: 'int8', of: (row) => row.createdPos },
    changed_pos: { type: 'int8', of: (row) => row.changedPos },
  },
  read: (row: AnyRow): Friend => ({
    owner: user(row['owner']),
    friend: user(row['friend']),
    remark: String(row['remark']),
    ex: String(row['ex']),
    pinned: row['pinned'] === true,
    source: Number(row['source']),
    operator: String(row['operator']),
    createdAt: Number(row['created_at']),
    createdPos: Number(row['created_pos']),
    changedPos: Number(row['changed_pos']),
  }),
};

/** 0 waits, 1 agreed, -1 refused (OpenIM's handleResult). */
export type RequestResult = 0 | 1 | -1;

/** The newest request of one user to another. */
export type FriendRequest = Readonly<{
  from: UserId;
  to: UserId;
  result: RequestResult;
  greeting: string;
  ex: string;
  createdAt: Millis;
  createdPos: Position;
  /** Who agreed; empty as long as nobody has. */
  handler: string;
  answer: string;
  /** 0: nobody has answered. */
  handledAt: Millis;
}>;

export const requestRows: RowsOptions<FriendRequest> = {
  table: tableName('friend_requests'),
  key: ['from_user', 'to_user'],
  partsOf: splitKey,
  keyOf: ({ from, to }) => joinKey(from, to),
  columns: {
    from_user: { type: 'text', of: (row) => row.from },
    to_user: { type: 'text', of: (row) => row.to },
    result: { type: 'int8', of: (row) => row.result },
    greeting: { type: 'text', of: (row) => row.greeting },
    ex: { type: 'text', of: (row) => row.ex },
    created_at: { type: 'int8', of: (row) => row.createdAt },
    created_pos: { type: 'int8', of: (row) => row.createdPos },
    handler: { type: 'text', of: (row) => row.handler },
    answer: { type: 'text', of: (row) => row.answer },
    handled_at: { type: 'int8', of: (row) => row.handledAt },
  },
  read: (row: AnyRow): FriendRequest => ({
    from: user(row['from_user']),
    to: user(row['to_user']),
    result: resultOf(Number(row['result'])),
    greeting: String(row['greeting']),
    ex: String(row['ex']),
    createdAt: Number(row['created_at']),
    createdPos: Number(row['created_pos']),
    handler: String(row['handler']),
    answer: String(row['answer']),
    handledAt: Number(row['handled_at']),
  }),
};

const resultOf = (value: number): RequestResult => (value === 1 || value === -1 ? value : 0);

/** One user that another has blocked. */
export type Black = Readonly<{
  owner: UserId;
  blocked: UserId;
  ex: string;
  operator: string;
  createdAt: Millis;
  createdPos: Position;
}>;

export const blackRows: RowsOptions<Black> = {
  table: tableName('blacks'),
  key: ['owner', 'blocked'],
  partsOf: splitKey,
  keyOf: ({ owner, blocked }) => joinKey(owner, blocked),
  columns: {
    owner: { type: 'text', of: (row) => row.owner },
    blocked: { type: 'text', of: (row) => row.blocked },
    ex: { type: 'text', of: (row) => row.ex },
    operator: { type: 'text', of: (row) => row.operator },
    created_at: { type: 'int8', of: (row) => row.createdAt },
    created_pos: { type: 'int8', of: (row) => row.createdPos },
  },
  read: (row: AnyRow): Black => ({
    owner: user(row['owner']),
    blocked: user(row['blocked']),
    ex: String(row['ex']),
    operator: String(row['operator']),
    createdAt: Number(row['created_at']),
    createdPos: Number(row['created_pos']),
  }),
};

/** Which of a user's lists: each has a version of its own. */
export type OwnedList = 'friends' | 'blacks';

/** What is to be said of a list beside its rows; there is none as long as nothing has to be said. */
export type ListState = ListTurns & Readonly<{ owner: UserId; list: OwnedList }>;

export const listRows: RowsOptions<ListState> = {
  table: tableName('friend_lists'),
  key: ['owner', 'list'],
  partsOf: splitKey,
  keyOf: ({ owner, list }) => joinKey(owner, list),
  columns: {
    owner: { type: 'text', of: (row) => row.owner },
    list: { type: 'text', of: (row) => row.list },
    gone: { type: 'text', of: goneText },
    floor_pos: { type: 'int8', of: (row) => row.floorPos },
    sort_pos: { type: 'int8', of: (row) => row.sortPos },
  },
  read: (row: AnyRow): ListState => ({
    owner: user(row['owner']),
    list: row['list'] === 'blacks' ? 'blacks' : 'friends',
    gone: goneOf<UserId>(row['gone']),
    floorPos: Number(row['floor_pos']),
    sortPos: Number(row['sort_pos']),
  }),
};

export const profileRows = profileRowsIn(tableName('friend_profiles'));

export const ALL_ROWS = [friendRows, requestRows, blackRows, listRows, profileRows] as const;
