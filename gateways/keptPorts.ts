/** Ports as those of ports.ts: what is kept for users and their clients, and whom these watch. */
import type { FavouriteName } from '../core/favourite/events.ts';
import type { FavouriteWish } from '../core/favourite/handler.ts';
import type { Meta } from '../core/kernel/fact.ts';
import type { UserId } from '../core/kernel/ids.ts';
import type { ClientConfigQueries } from '../projections/clientConfig/queries.ts';
import type { FavouriteQueries, ShownFavourite } from '../projections/favourites/queries.ts';
import type { CountedByDay, Span } from '../projections/users/queries.ts';
import type { Result } from './ports.ts';

export type { CountedByDay, Span };

/** Groups that were ever made, dismissed ones too. */
export type GroupStatistics = Readonly<{ created: (span: Span) => Promise<CountedByDay> }>;

/** What the app keeps for its users. */
export interface Favourites {
  /** What is kept under that name already gets the content that is given. */
  add(wish: FavouriteWish, meta: Meta): Result;
  change(wish: FavouriteWish, meta: Meta): Result;
  remove(name: FavouriteName, meta: Meta): Result;
}

/** What the app's clients are set to: for one user, or, without a user, for all. */
export interface ClientConfigs {
  set(user: UserId | undefined, configs: Readonly<Record<string, string>>, meta: Meta): Result;
  /** Keys that are not set stay so. */
  remove(user: UserId | undefined, keys: readonly string[], meta: Meta): Result;
}

export type FavouriteView = ShownFavourite;
/** The read models of favourites and of client settings, as `UserLists`. */
export type FavouriteLists = FavouriteQueries;
export type ClientConfigLists = ClientConfigQueries;

/**
 * Whose presence a user's clients are told of. A subscription is one of each connection that the user has
 * at that moment, and ends with it.
 */
export interface PresenceSubscriptions {
  /** False: a connection would have more than it may, and nothing has changed. */
  watch(user: UserId, watched: readonly UserId[]): Promise<boolean>;
  unwatch(user: UserId, watched: readonly UserId[]): Promise<void>;
  watchedBy(user: UserId): Promise<readonly UserId[]>;
}
