import type { EventStore } from '../../../core/kernel/eventStore.ts';
import type { Config } from '../../config/config.ts';
import { holdsLog } from '../../eventstore/embedded/backup.ts';
import { openEmbeddedForReading } from '../../eventstore/embedded/readOnly.ts';
import { openEsdbForReading, type EsdbForReading } from '../../eventstore/esdb/reader.ts';
import { PlaceRefused } from './logPlace.ts';
import { logDirectory } from './places.ts';

/** A log that is only read, also while a server writes it. */
export type OwnLog = Pick<EventStore, 'readAll' | 'head' | 'close'> & Readonly<{ logId: string }>;

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
  return { ...log, logId: await log.logId() };
};

/** @throws PlaceRefused where there is none; EventStoreUnusable with what to change */
export const openRemoteToRead = async (
  url: string,
): Promise<EsdbForReading & Readonly<{ logId: string }>> => {
  const log = await openEsdbForReading(url);
  const { logId } = log;
  if (logId !== undefined) return { ...log, logId };
  await log.close();
  throw new PlaceRefused('there is no log of Seqline in that event store');
};
