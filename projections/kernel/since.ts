import type { Position, UserId } from '../../core/kernel/ids.ts';
import { int, type Fields } from './shape.ts';

/** Who, or what, is no longer in a list, and since when. */
export type Gone<Id = UserId> = Readonly<{ user: Id; pos: Position }>;

/** What is to be said of a list beside its rows; there is none as long as nothing has to be said. */
export type ListTurns<Id = UserId> = Readonly<{
  /** Those that went last, in the order in which they went. */
  gone: readonly Gone<Id>[];
  /** Nothing is known any more of who went up to here. */
  floorPos: Position;
  /** When the order was last changed other than by who came or went. */
  sortPos: Position;
}>;

/** More changes than this since a client's version: it fetches the whole list (openim-gateway 7.3.3). */
export const CHANGES_MAX = 200;

/** An entry of a list, with what its version is made of. */
type Entry = Readonly<{ createdPos: Position; changedPos: Position }>;

/** A list as it stood at one position of the log. */
export type ListAt<T extends Entry, Id = UserId> = Readonly<{
  state: ListTurns<Id> | undefined;
  /** Position of the newest change of any entry; 0 when there is none. */
  newest: Position;
  /** The entries that changed after the client's version, of which more than `CHANGES_MAX` need not be here. */
  changed: readonly T[];
}>;

export type Version = Readonly<{ version: number; versionId: string }>;

export type ListSince<T, Id = UserId> = Version &
  Readonly<{
    /** The client fetches everything anew; the lists are then empty. */
    full: boolean;
    delete: readonly Id[];
    insert: readonly T[];
    update: readonly T[];
    /** The version of the last change of order among these; 0: none. */
    sortVersion: number;
  }>;

/** Positions only grow, and are the same however often the tables are built (decisions 3). */
export const versionOf = (newest: Position, state: ListTurns<unknown> | undefined): number => {
  const { gone, floorPos, sortPos } = state ?? NOTHING_TO_SAY;
  return Math.max(1, newest, gone.at(-1)?.pos ?? 0, floorPos, sortPos);
};

export const NOTHING_TO_SAY: ListTurns<never> = { gone: [], floorPos: 0, sortPos: 0 };

/**
 * As many as ever are of use: who has missed more changes than these fetches the whole list. So the memory
 * of a list is bounded without a clock, and equal however often it is built.
 */
const GONE_MAX = CHANGES_MAX;

/** They have gone from the list. */
export const withGone = <Id, State extends ListTurns<Id>>(
  state: State,
  ids: readonly Id[],
  pos: Position,
): State => {
  if (ids.length === 0) return state;
  const gone = [...state.gone, ...ids.map((user) => ({ user, pos }))];
  const dropped = gone.at(-GONE_MAX - 1);
  return { ...state, gone: gone.slice(-GONE_MAX), floorPos: dropped?.pos ?? state.floorPos };
};

/** They have come into it. Who comes back stands last, where a client may still have the place of before. */
export const withCome = <Id, State extends ListTurns<Id>>(
  state: State,
  ids: readonly Id[],
  pos: Position,
): State => {
  const coming = new Set(ids);
  const gone = state.gone.filter(({ user }) => !coming.has(user));
  return gone.length === state.gone.length ? state : { ...state, gone, sortPos: pos };
};

/** Who went, as one column of text, and back. */
const goneText = (gone: readonly Gone<string>[]): string =>
  JSON.stringify(gone.map(({ user, pos }) => [user, pos]));

const goneOf = <Id extends string>(text: unknown): readonly Gone<Id>[] => {
  const pairs: unknown = JSON.parse(String(text));
  return Array.isArray(pairs)
    ? pairs.map((pair: unknown) => {
        const [name, pos] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
        return { user: String(name) as Id, pos: Number(pos) };
      })
    : [];
};

/** How it is kept in the row of a list, whose places are positions of the log or versions. */
export const turns = <Id extends string = UserId>(
  floorColumn: string,
  sortColumn: string,
): Fields<ListTurns<Id>> => ({
  gone: { column: 'gone', type: 'text', write: goneText, read: goneOf<Id> },
  floorPos: int(floorColumn),
  sortPos: int(sortColumn),
});

const after = <Id>(gone: readonly Gone<Id>[], version: number): readonly Id[] =>
  gone.filter(({ pos }) => pos > version).map(({ user }) => user);

/** What has changed since a client's version, or that it has to fetch all. */
export const sinceOf = <T extends Entry, Id = UserId>(
  { state, newest, changed }: ListAt<T, Id>,
  versionId: string,
  since: Version,
): ListSince<T, Id> => {
  const version = versionOf(newest, state);
  const { gone, floorPos, sortPos } = state ?? NOTHING_TO_SAY;
  const none = { version, versionId, delete: [], insert: [], update: [], sortVersion: 0 };
  const went = after(gone, since.version);
  const isKnown = since.versionId === versionId && since.version > 0 && since.version <= version;
  const isForgotten = since.version < floorPos;
  if (!isKnown || isForgotten || changed.length + went.length > CHANGES_MAX) {
    return { ...none, full: true };
  }
  const isNew = ({ createdPos }: T): boolean => createdPos > since.version;
  return {
    ...none,
    full: false,
    delete: went,
    insert: changed.filter(isNew),
    update: changed.filter((entry) => !isNew(entry)),
    sortVersion: sortPos > since.version ? sortPos : 0,
  };
};
