import { accept, refuse, type Decider } from '../kernel/decider.ts';
import { isErased, type Command, type Personal } from '../kernel/fact.ts';
import type { FavouriteContent, FavouriteEvent, FavouriteName } from './events.ts';

type Wished = FavouriteName & Readonly<{ content: Partial<FavouriteContent> }>;
/** What is there already gets this content, and keeps what the wish does not speak of. */
export type AddFavourite = Command<'AddFavourite', Wished>;
export type ChangeFavourite = Command<'ChangeFavourite', Wished>;
export type RemoveFavourite = Command<'RemoveFavourite', FavouriteName>;
export type FavouriteCommand = AddFavourite | ChangeFavourite | RemoveFavourite;

export type FavouriteRefusal = 'favourite/unknown' | 'favourite/too-many';

/** All that is kept for one user, by kind and id. */
export type Favourites = ReadonlyMap<string, Personal<FavouriteContent>>;

/** They are answered all at once, and kept in memory for whoever writes: with their texts, some megabytes. */
export const FAVOURITES_MAX = 1_000;

const keyOf = ({ kind, uuid }: FavouriteName): string => `${String(kind)} ${uuid}`;

const differing = (
  wished: Partial<FavouriteContent>,
  known: Personal<FavouriteContent>,
): Partial<FavouriteContent> => {
  const before: Partial<FavouriteContent> = isErased(known) ? {} : known;
  const keys = (['value', 'ex'] as const).filter(
    (key) => wished[key] !== undefined && wished[key] !== before[key],
  );
  return Object.fromEntries(keys.map((key) => [key, wished[key]]));
};

/** For a long list of events: what is given is changed, and no copy made for each of them. */
export const foldFavourite = (
  kept: Map<string, Personal<FavouriteContent>>,
  { type, data }: FavouriteEvent,
): void => {
  const key = keyOf(data);
  switch (type) {
    case 'FavouriteAdded':
      kept.set(key, data.content);
      return;
    case 'FavouriteChanged': {
      const before = kept.get(key);
      if (before === undefined) return;
      const { content } = data;
      kept.set(key, isErased(content) || isErased(before) ? before : { ...before, ...content });
      return;
    }
    case 'FavouriteRemoved':
      kept.delete(key);
  }
};

export const favourite: Decider<FavouriteCommand, FavouriteEvent, Favourites, FavouriteRefusal> = {
  initialState: new Map(),

  evolve: (state, event) => {
    const next = new Map(state);
    foldFavourite(next, event);
    return next;
  },

  decide: ({ type, id, data }, state) => {
    const { user, kind, uuid } = data;
    const known = state.get(keyOf(data));
    if (type === 'AddFavourite' && known === undefined) {
      if (state.size >= FAVOURITES_MAX) {
        const most = String(FAVOURITES_MAX);
        return refuse('favourite/too-many', `uuid: at most ${most} are kept for a user`);
      }
      const content = { value: data.content.value ?? '', ex: data.content.ex ?? '' };
      return accept({ id, type: 'FavouriteAdded', data: { user, kind, uuid, content } });
    }
    if (known === undefined) {
      return refuse(
        'favourite/unknown',
        `uuid: nothing is kept as ${uuid} of type ${String(kind)}`,
      );
    }
    if (type === 'RemoveFavourite') {
      return accept({ id, type: 'FavouriteRemoved', data: { user, kind, uuid } });
    }
    const content = differing(data.content, known);
    if (Object.keys(content).length === 0) return accept();
    return accept({ id, type: 'FavouriteChanged', data: { user, kind, uuid, content } });
  },
};
