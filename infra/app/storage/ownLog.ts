import type { EventStore, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Config } from '../../config/config.ts';
import { holdsLog } from '../../eventstore/embedded/backup.ts';
import { openEmbeddedForReading } from '../../eventstore/embedded/readOnly.ts';
import { openEsdbForReading, type EsdbForReading } from '../../eventstore/esdb/reader.ts';
import { historyBy, LOG_STREAM, readHistory, type LogHistory } from '../../eventstore/history.ts';
import { PlaceRefused } from './logPlace.ts';
import { logDirectory } from './places.ts';

/** A log that is only read, also while a server writes it. */
export type OwnLog = Pick<EventStore, 'readAll' | 'head' | 'close'> &
  Readonly<{ logId: string; history: () => Promise<LogHistory> }>;

const PAGE = 1_000;

/** The log alone, as it is stored, up to where it ends now. @throws PlaceRefused where there is none */
export const openOwnLog = ({
  data,
  eventStore,
}: Pick<Config, 'data' | 'eventStore'>): Promise<OwnLog> =>
  eventStore.kind === 'esdb' ? openRemoteToRead(eventStore.url) : openEmbeddedToRead(data);

/** `growing`: what comes after it was opened is read as well. @throws PlaceRefused where there is none */
export const openEmbeddedToRead = async (
  data: string,
  options: Readonly<{ growing?: boolean }> = {},
): Promise<OwnLog> => {
  const directory = logDirectory(data);
  if (!(await holdsLog(directory))) throw new PlaceRefused(`there is no log in ${directory}`);
  const log = openEmbeddedForReading(directory, options);
  return {
    ...log,
    logId: await log.logId(),
    history: async () => {
      // A copy begins with what is said of it; to look for that anywhere takes reading the whole log.
      const first = await log.readAll({ from: 'start', direction: 'forwards', max: 1 });
      const mayBeCopy = first.events[0]?.stream === LOG_STREAM;
      return historyBy(mayBeCopy ? await eventsOfItself(log) : []);
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

/** @throws PlaceRefused where there is none; EventStoreUnusable with what to change */
export const openRemoteToRead = async (url: string): Promise<EsdbForReading & OwnLog> => {
  const log = await openEsdbForReading(url);
  const { logId } = log;
  if (logId !== undefined) return { ...log, logId, history: () => readHistory(log) };
  await log.close();
  throw new PlaceRefused('there is no log of Seqline in that event store');
};
