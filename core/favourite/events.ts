import type { Fact, Personal } from '../kernel/fact.ts';
import type { UserId } from '../kernel/ids.ts';

/** Free text of the app; personal to the user. */
export type FavouriteContent = { value: string; ex: string };

/** Which favourite of a user: the app's own number for what it is, and the app's own id. */
export type FavouriteName = Readonly<{ user: UserId; kind: number; uuid: string }>;

/** The app keeps something for a user (OpenIM calls it a user command). */
export type FavouriteAdded = Fact<
  'FavouriteAdded',
  FavouriteName & { content: Personal<FavouriteContent> }
>;

/** Only what has changed. */
export type FavouriteChanged = Fact<
  'FavouriteChanged',
  FavouriteName & { content: Personal<Partial<FavouriteContent>> }
>;

export type FavouriteRemoved = Fact<'FavouriteRemoved', FavouriteName>;

export type FavouriteEvent = FavouriteAdded | FavouriteChanged | FavouriteRemoved;

export const FAVOURITE_PREFIX = 'favourite-';

export const favouriteStream = (user: UserId): string => `${FAVOURITE_PREFIX}${user}`;
