import { done, type Result } from '../kernel/call.ts';
import { refuse } from '../kernel/decider.ts';
import type { Meta } from '../kernel/fact.ts';
import type { EventId, Millis } from '../kernel/ids.ts';
import type { StreamWriters } from '../kernel/writer.ts';
import type { FavouriteCommand, FavouriteRefusal, Favourites as Kept } from './decider.ts';
import type { FavouriteContent, FavouriteEvent, FavouriteName } from './events.ts';
import type { UserOf } from './ports.ts';

export type FavouriteWriters = StreamWriters<
  FavouriteCommand,
  FavouriteEvent,
  Kept,
  FavouriteRefusal
>;

export type FavouriteDeps = Readonly<{
  writers: FavouriteWriters;
  userOf: UserOf;
  newId: () => EventId;
  now: () => Millis;
}>;

export type FavouriteWish = FavouriteName & Readonly<{ content: Partial<FavouriteContent> }>;

/** What the app keeps for its users. */
export const favouritesHandler = ({ writers, userOf, newId, now }: FavouriteDeps) => {
  const handle = async (command: FavouriteCommand): Result<FavouriteRefusal | 'user/unknown'> => {
    const { user } = command.data;
    if ((await userOf(user)).status === 'unknown') {
      return refuse('user/unknown', `userID: ${user} is not registered`);
    }
    const handled = await writers.handle(command);
    return handled.kind === 'refused' ? handled : done({}, handled.position);
  };
  const call = (meta: Meta) => ({ id: newId(), at: now(), meta });
  return {
    add: (data: FavouriteWish, meta: Meta) => handle({ ...call(meta), type: 'AddFavourite', data }),
    change: (data: FavouriteWish, meta: Meta) =>
      handle({ ...call(meta), type: 'ChangeFavourite', data }),
    remove: (data: FavouriteName, meta: Meta) =>
      handle({ ...call(meta), type: 'RemoveFavourite', data }),
  };
};
