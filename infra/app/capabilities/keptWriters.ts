import { clientConfig } from '../../../core/clientConfig/decider.ts';
import {
  CLIENT_CONFIG_PREFIX,
  clientConfigStream,
  type ClientConfigEvent,
} from '../../../core/clientConfig/events.ts';
import type { ClientConfigWriters } from '../../../core/clientConfig/handler.ts';
import { favourite } from '../../../core/favourite/decider.ts';
import {
  FAVOURITE_PREFIX,
  favouriteStream,
  type FavouriteEvent,
} from '../../../core/favourite/events.ts';
import type { FavouriteWriters } from '../../../core/favourite/handler.ts';
import { loadFavourites } from '../../../core/favourite/load.ts';
import type { SeqlineEvent } from '../../../core/kernel/catalogue.ts';
import type { EventLog } from '../../../core/kernel/eventLog.ts';
import type { Recorded } from '../../../core/kernel/fact.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { StreamWriters } from '../../../core/kernel/writer.ts';

/** Favourites in memory in all, with their texts: at 8 KB each at most, 32 MB. */
const FAVOURITES_IN_MEMORY_MAX = 4_000;
/** Settings of clients in memory in all: at 4 KB each at most, 16 MB. */
const SETTINGS_IN_MEMORY_MAX = 4_000;

export type KeptEvent = FavouriteEvent | ClientConfigEvent;

export type KeptWriters = Readonly<{
  favourites: FavouriteWriters;
  clientConfigs: ClientConfigWriters;
}>;

const isOfFavourites = (event: Recorded<SeqlineEvent>): event is Recorded<FavouriteEvent> =>
  event.stream.startsWith(FAVOURITE_PREFIX);

/** Whether it is of something that is kept for users and their clients. */
export const isKept = (event: Recorded<SeqlineEvent>): event is Recorded<KeptEvent> =>
  isOfFavourites(event) || event.stream.startsWith(CLIENT_CONFIG_PREFIX);

export const openKeptWriters = (
  log: EventLog,
  time: Readonly<{ clock: () => Millis; pause: (ms: Millis) => Promise<void> }>,
): KeptWriters => ({
  favourites: new StreamWriters({
    log,
    decider: favourite,
    streamOf: ({ data }) => favouriteStream(data.user),
    metaOf: ({ meta }) => meta,
    load: loadFavourites(log),
    weightOf: ({ size }) => size + 1,
    weightMax: FAVOURITES_IN_MEMORY_MAX,
    ...time,
  }),
  clientConfigs: new StreamWriters({
    log,
    decider: clientConfig,
    streamOf: ({ data }) => clientConfigStream(data.user),
    metaOf: ({ meta }) => meta,
    weightOf: ({ size }) => size + 1,
    weightMax: SETTINGS_IN_MEMORY_MAX,
    ...time,
  }),
});

export const observeKept = (
  { favourites, clientConfigs }: KeptWriters,
  event: Recorded<KeptEvent>,
): void => {
  switch (event.type) {
    case 'FavouriteAdded':
    case 'FavouriteChanged':
    case 'FavouriteRemoved':
      favourites.observe(event);
      return;
    default:
      clientConfigs.observe(event);
  }
};
