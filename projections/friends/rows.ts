import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import { profileRowsIn } from '../kernel/profiles.ts';
import { joinKey, splitKey, type RowsOptions } from '../kernel/rows.ts';
import { flag, int, oneOf, shapeOf, text } from '../kernel/shape.ts';
import { turns, type ListTurns } from '../kernel/since.ts';

/** Raise it and all of this read model is built anew beside the old one. */
export const FRIENDS_VERSION = 1;

export const tableName = (name: string): string => `seqline.${name}_v${String(FRIENDS_VERSION)}`;

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
  ...shapeOf<Friend>({
    owner: text('owner'),
    friend: text('friend'),
    remark: text('remark'),
    ex: text('ex'),
    pinned: flag('pinned'),
    source: int('source'),
    operator: text('operator'),
    createdAt: int('created_at'),
    createdPos: int('created_pos'),
    changedPos: int('changed_pos'),
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
  ...shapeOf<FriendRequest>({
    from: text('from_user'),
    to: text('to_user'),
    result: oneOf('result', [0, 1, -1]),
    greeting: text('greeting'),
    ex: text('ex'),
    createdAt: int('created_at'),
    createdPos: int('created_pos'),
    handler: text('handler'),
    answer: text('answer'),
    handledAt: int('handled_at'),
  }),
};

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
  ...shapeOf<Black>({
    owner: text('owner'),
    blocked: text('blocked'),
    ex: text('ex'),
    operator: text('operator'),
    createdAt: int('created_at'),
    createdPos: int('created_pos'),
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
  ...shapeOf<ListState>({
    owner: text('owner'),
    list: text('list'),
    ...turns('floor_pos', 'sort_pos'),
  }),
};

export const profileRows = profileRowsIn(tableName('friend_profiles'));

export const ALL_ROWS = [friendRows, requestRows, blackRows, listRows, profileRows] as const;
