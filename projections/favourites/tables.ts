import type { FavouriteContent, FavouriteEvent } from '../../core/favourite/events.ts';
import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import { isErased, type Personal, type Recorded } from '../../core/kernel/fact.ts';
import type { Millis, Position, UserId } from '../../core/kernel/ids.ts';
import type { Table } from '../kernel/model.ts';
import { joinKey, rowsOf, splitKey, type RowsOptions } from '../kernel/rows.ts';
import { int, shapeOf, text } from '../kernel/shape.ts';
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

export const favouriteRows: RowsOptions<Favourite> = {
  table: FAVOURITES,
  key: ['owner', 'kind', 'uuid'],
  partsOf: splitKey,
  keyOf: ({ owner, kind, uuid }) => joinKey(owner, kind, uuid),
  ...shapeOf<Favourite>({
    owner: text('owner'),
    kind: int('kind'),
    uuid: text('uuid'),
    value: text('value'),
    ex: text('ex'),
    createdAt: int('created_at'),
    createdPos: int('created_pos'),
  }),
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
