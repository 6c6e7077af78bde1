import type { EventLog } from '../kernel/eventLog.ts';
import type { Personal } from '../kernel/fact.ts';
import { readForwards } from '../kernel/readForwards.ts';
import type { Loaded } from '../kernel/writer.ts';
import { foldFavourite, type Favourites } from './decider.ts';
import type { FavouriteContent, FavouriteEvent } from './events.ts';

/** One map for all events of a stream: with a new one for each, a long history would be quadratic. */
export const loadFavourites =
  (log: EventLog) =>
  async (stream: string): Promise<Loaded<Favourites>> => {
    const state = new Map<string, Personal<FavouriteContent>>();
    const revision = await readForwards<FavouriteEvent>(log, stream, (event) => {
      foldFavourite(state, event);
    });
    return { state, revision };
  };
