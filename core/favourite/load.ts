import type { EventLog } from '../kernel/eventLog.ts';
import type { Personal } from '../kernel/fact.ts';
import type { Loaded } from '../kernel/writer.ts';
import { foldFavourite, type Favourites } from './decider.ts';
import type { FavouriteContent, FavouriteEvent } from './events.ts';

const PAGE = 500;

/** One map for all events of a stream: with a new one for each, a long history would be quadratic. */
export const loadFavourites =
  (log: EventLog) =>
  async (stream: string): Promise<Loaded<Favourites>> => {
    const state = new Map<string, Personal<FavouriteContent>>();
    for (let revision = -1; ;) {
      const events = await log.readStream<FavouriteEvent>(stream, {
        from: revision + 1,
        direction: 'forwards',
        max: PAGE,
      });
      for (const event of events) foldFavourite(state, event);
      revision = events.at(-1)?.revision ?? revision;
      if (events.length < PAGE) return { state, revision };
    }
  };
