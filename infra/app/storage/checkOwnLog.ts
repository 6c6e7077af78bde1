import type { EventStore } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import type { Config } from '../../config/config.ts';
import { checkLog, type LogReport } from '../../eventstore/copy/check.ts';
import type { OnEvents } from '../../eventstore/copy/compare.ts';
import { holdsLog } from '../../eventstore/embedded/backup.ts';
import { openEmbeddedForReading } from '../../eventstore/embedded/readOnly.ts';
import { openEsdbForReading } from '../../eventstore/esdb/reader.ts';
import { openKeysForReading } from '../../keys/embedded.ts';
import { openKeysToRead } from './keys.ts';
import { PlaceRefused } from './logPlace.ts';
import { keysDirectory, logDirectory } from './places.ts';

export type OwnLogReport = LogReport & Readonly<{ logId: string; keys: boolean }>;

/**
 * Reads the log of this configuration from end to end, with the keys beside it; a server may be running
 * on it. @throws what says where the log is broken; PlaceRefused where there is none
 */
export const checkOwnLog = async (
  config: Pick<Config, 'data' | 'eventStore'> & Partial<Pick<Config, 'keys'>>,
  progressOf: (head: Position) => OnEvents,
): Promise<OwnLogReport> => {
  const { data } = config;
  const log = await openOwnLog(config);
  try {
    const { logId } = log;
    const keys = await (config.keys?.kind === 'postgres'
      ? openKeysToRead(config, logId)
      : openKeysForReading(keysDirectory(data)));
    try {
      const report = await checkLog(log, keys, progressOf(await log.head()));
      return { ...report, logId, keys: keys !== undefined };
    } finally {
      await keys?.close();
    }
  } finally {
    await log.close();
  }
};

/** The log alone, as it is stored, up to where it ends now. @throws PlaceRefused where there is none */
export const openOwnLog = ({
  data,
  eventStore,
}: Pick<Config, 'data' | 'eventStore'>): Promise<OwnLog> =>
  eventStore.kind === 'esdb' ? remote(eventStore.url) : own(data);

type OwnLog = Pick<EventStore, 'readAll' | 'head' | 'close'> & Readonly<{ logId: string }>;

const own = async (data: string): Promise<OwnLog> => {
  const directory = logDirectory(data);
  if (!(await holdsLog(directory))) throw new PlaceRefused(`there is no log in ${directory}`);
  const log = openEmbeddedForReading(directory);
  return { ...log, logId: await log.logId() };
};

const remote = async (url: string): Promise<OwnLog> => {
  const log = await openEsdbForReading(url);
  const { logId } = log;
  if (logId !== undefined) return { ...log, logId };
  await log.close();
  throw new PlaceRefused('there is no log of Seqline in that event store');
};
