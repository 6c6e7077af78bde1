import { STREAM_PREFIXES } from '../../../core/kernel/catalogue.ts';
import type { EventStore, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Config } from '../../config/config.ts';
import {
  CopyUnfinished,
  LOG_STREAM,
  readHistory,
  type LogHistory,
} from '../../eventstore/history.ts';
import { decodingFor, textsFor } from '../../eventstore/reading.ts';
import type { Exportable, Replayable } from '../../replay/walk.ts';
import { openKeysToRead } from '../storage/keys.ts';
import { openEmbeddedToRead, openRemoteToRead, type OwnLog } from '../storage/ownLog.ts';

/** The whole log with the keys that open it, to be read beside the server that writes it. */
export type History = Replayable &
  Exportable &
  Readonly<{
    logId: string;
    close: () => Promise<void>;
  }>;

type LogWithHistory = OwnLog & Readonly<{ history: () => Promise<LogHistory> }>;

/** @throws PlaceRefused where there is no log; CopyUnfinished; and what says that its keys are not there */
export const openHistory = async (config: HistoryConfig): Promise<History> => {
  const { data, eventStore } = config;
  const log = await (eventStore.kind === 'esdb' ? remote(eventStore.url) : embedded(data));
  try {
    const { copying, moved } = await log.history();
    if (copying) throw new CopyUnfinished('this log is a copy that is not finished');
    const keys = await openKeysToRead(config, log.logId);
    return {
      logId: log.logId,
      prefixes: STREAM_PREFIXES,
      readAll: (options) => log.readAll(options),
      head: () => log.head(),
      decode: decodingFor(keys, moved),
      decodeText: textsFor(keys, moved),
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

export type HistoryConfig = Pick<Config, 'data' | 'eventStore' | 'keys'>;

const embedded = async (data: string): Promise<LogWithHistory> => {
  const log = await openEmbeddedToRead(data, { growing: true });
  return {
    ...log,
    history: async () => {
      // A copy begins with what is said of it; to look for that anywhere takes reading the whole log.
      const first = await log.readAll({ from: 'start', direction: 'forwards', max: 1 });
      const mayBeCopy = first.events[0]?.stream === LOG_STREAM;
      const events = mayBeCopy ? await eventsOfItself(log) : [];
      return readHistory({
        readStream: async (_, { from, max }) =>
          typeof from === 'number' ? events.slice(from, from + max) : events,
      });
    },
  };
};

/** What the log says of itself. The index of streams is the server's, so all of the log is read past. */
const eventsOfItself = async (
  log: Pick<EventStore, 'readAll'>,
): Promise<readonly StoredEvent[]> => {
  const found: StoredEvent[] = [];
  for (let from: number | 'start' = 'start'; ;) {
    const page = await log.readAll({
      ...{ from, direction: 'forwards', max: PAGE, prefixes: [LOG_STREAM] },
    } as const);
    found.push(...page.events);
    if (page.end) return found;
    from = page.next;
  }
};

const PAGE = 1_000;

const remote = async (url: string): Promise<LogWithHistory> => {
  const log = await openRemoteToRead(url);
  return { ...log, history: () => readHistory(log) };
};
