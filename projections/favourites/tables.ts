import type { FavouriteContent, FavouriteEvent } from '../../core/favourite/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import { isErased, type Personal, type Recorded } from '../../core/kernel/fact.ts';
import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import type { Table } from '../kernel/model.ts';
import { joinKey, rowsOf, splitKey, type RowsOptions } from '../kernel/rows.ts';
import { storable } from '../kernel/text.ts';

/** Raise it and all of this read model is built anew beside the old one. */
export const FAVOURITES_VERSION = 1;

export const FAVOURITES = `seqline.favourites_v${String(FAVOURITES_VERSION)}`;

/** What the app keeps for a user. */
export type Favourite = Readonly<{
  owner: UserId;
  kind: number;
  uuid: string;
  value: string;
  ex: string;
  createdAt: Millis;
  createdPos: Position;
}>;

export const readFavourite = (row: Readonly<Record<string, unknown>>): Favourite => ({
  owner: String(row['owner']) as UserId,
  kind: Number(row['kind']),
  uuid: String(row['uuid']),
  value: String(row['value']),
  ex: String(row['ex']),
  createdAt: Number(row['created_at']),
  createdPos: Number(row['created_pos']),
});

export const favouriteRows: RowsOptions<Favourite> = {
  table: FAVOURITES,
  key: ['owner', 'kind', 'uuid'],
  partsOf: splitKey,
  keyOf: ({ owner, kind, uuid }) => joinKey(owner, kind, uuid),
  columns: {
    owner: { type: 'text', of: (row) => row.owner },
    kind: { type: 'int8', of: (row) => row.kind },
    uuid: { type: 'text', of: (row) => row.uuid },
    value: { type: 'text', of: (row) => row.value },
    ex: { type: 'text', of: (row) => row.ex },
    created_at: { type: 'int8', of: (row) => row.createdAt },
    created_pos: { type: 'int8', of: (row) => row.createdPos },
  },
  read: readFavourite,
};

const isOfFavourites = (event: Recorded<SeqlineEvent>): event is Recorded<FavouriteEvent> =>
  event.type === 'FavouriteAdded' ||
  event.type === 'FavouriteChanged' ||
  event.type === 'FavouriteRemoved';

type Texts = Pick<Favourite, 'value' | 'ex'>;

/** Keys are destroyed all at once: of what is erased nothing is left, whatever was said before. */
const textsOf = (content: Personal<Partial<FavouriteContent>>, before: Texts): Texts => {
  if (isErased(content)) return { value: '', ex: '' };
  return {
    value: storable(content.value ?? before.value),
    ex: storable(content.ex ?? before.ex),
  };
};

const folded = (
  row: Favourite | undefined,
  { type, data, created, position }: Recorded<FavouriteEvent>,
): Favourite | undefined => {
  switch (type) {
    case 'FavouriteAdded':
      return {
        owner: data.user,
        kind: data.kind,
        uuid: storable(data.uuid),
        ...textsOf(data.content, { value: '', ex: '' }),
        createdAt: created,
        createdPos: position,
      };
    case 'FavouriteChanged':
      return row && { ...row, ...textsOf(data.content, row) };
    case 'FavouriteRemoved':
      return undefined;
  }
};

export const favouritesTable: Table<Favourite> = {
  ...rowsOf(favouriteRows),
  keysOf: (event) =>
    isOfFavourites(event)
      ? [joinKey(event.data.user, event.data.kind, storable(event.data.uuid))]
      : [],
  fold: (row, event) => (isOfFavourites(event) ? folded(row, event) : row),
};
