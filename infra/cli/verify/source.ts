import { STREAM_PREFIXES } from '../../../core/kernel/catalogue.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { openKeysToRead } from '../../app/storage/keys.ts';
import { logDirectory } from '../../app/storage/places.ts';
import type { Config } from '../../config/config.ts';
import { openTolerantReader, type TolerantPage } from '../../eventstore/embedded/tolerantReader.ts';
import { openEsdb } from '../../eventstore/esdb/esdbLog.ts';
import { historyBy, LOG_STREAM, readHistory } from '../../eventstore/history.ts';
import { redactUrl } from '../../redactUrl.ts';
import { decoderOf, type Decoder } from './decode.ts';

/** A log that is looked at and left as it is, whoever writes it meanwhile. */
export type Source = Readonly<{
  /** For people. */
  name: string;
  logId: string;
  head: () => Promise<Position>;
  /** What follows a position, up to one (inclusive). */
  page: (after: Position, until: Position) => Promise<TolerantPage>;
  decode: Decoder;
  close: () => Promise<void>;
}>;

const PAGE = 500;

/** A copy says so in its first events, behind what it has of its own. */
const FIRST = 10;

type Log = Omit<Source, 'decode'> &
  Readonly<{
    /** Logs that it comes from: the keys beside it may be theirs still. */
    formerIds: () => Promise<readonly string[]>;
  }>;

const embedded = (data: string): Log => {
  const directory = logDirectory(data);
  const reader = openTolerantReader(directory);
  return {
    ...reader,
    name: directory,
    head: () => Promise.resolve(reader.head()),
    formerIds: async () => {
      const { events } = await reader.page(0, FIRST);
      return historyBy(events.filter(({ stream }) => stream === LOG_STREAM)).formerIds;
    },
  };
};

/** Others' events are not ours to check, and what is damaged a store of its own does not hand out. */
const elsewhere = async (url: string): Promise<Log> => {
  const store = await openEsdb({ connectionString: url });
  return {
    name: redactUrl(url),
    logId: await store.logId(),
    head: () => store.head(),
    formerIds: async () => (await readHistory(store)).formerIds,
    page: async (after, until) => {
      const page = await store.readAll({
        from: after === 0 ? 'start' : after,
        direction: 'forwards',
        max: PAGE,
        prefixes: STREAM_PREFIXES,
      });
      const events = page.events.filter(({ position }) => position <= until);
      const isOver = page.end || page.next > until || events.length < page.events.length;
      return { events, damaged: [], next: isOver ? until : page.next };
    },
    close: () => store.close(),
  };
};

/** Throws where there is no log, or no key store beside it. */
export const openSource = async (
  config: Pick<Config, 'data' | 'eventStore' | 'keys'>,
): Promise<Source> => {
  const { data, eventStore } = config;
  const log = eventStore.kind === 'esdb' ? await elsewhere(eventStore.url) : embedded(data);
  try {
    const keys = await openKeysToRead(config, [log.logId, ...(await log.formerIds())]);
    return {
      ...log,
      decode: decoderOf(keys),
      close: async () => {
        await keys.close();
        await log.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
};
