import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { isEventStoreUrl } from '../../config/config.ts';
import type { Readable } from '../../eventstore/copy/pages.ts';
import type { Writable } from '../../eventstore/copy/appendInOrder.ts';
import { holdsLog } from '../../eventstore/embedded/backup.ts';
import { openEmbeddedLog } from '../../eventstore/embedded/embeddedLog.ts';
import { openEsdb } from '../../eventstore/esdb/esdbLog.ts';
import { foundLog } from '../../eventstore/esdb/founding.ts';
import { openEsdbForReading } from '../../eventstore/esdb/reader.ts';
import { IN_FLIGHT_BYTES_MAX, IN_FLIGHT_MAX } from '../../eventstore/esdb/limits.ts';
import { keepSealChosen, readSealChosen } from '../../eventstore/esdb/sealChosen.ts';
import { keepSealChoice, readSealChoice } from '../../eventstore/sealChoice.ts';
import { redactUrl } from '../../redactUrl.ts';
import { logDirectory } from './places.ts';

/** Where a log may be, as it is named on the command line. */
export type Place =
  Readonly<{ kind: 'embedded'; data: string }> | Readonly<{ kind: 'esdb'; url: string }>;

const EMBEDDED = 'embedded:';

/** `embedded:<data directory>` or an `esdb://…`; undefined for anything else. */
export const placeOf = (text: string): Place | undefined => {
  if (text.startsWith(EMBEDDED) && text.length > EMBEDDED.length)
    return { kind: 'embedded', data: path.resolve(text.slice(EMBEDDED.length)) };
  return isEventStoreUrl(text) ? { kind: 'esdb', url: text } : undefined;
};

export const shownPlace = (place: Place): string =>
  place.kind === 'embedded' ? `${EMBEDDED}${place.data}` : redactUrl(place.url);

/** Whether both are the same folder, however each is written. */
export const isSamePlace = async (one: Place, other: Place): Promise<boolean> => {
  if (one.kind === 'esdb' || other.kind === 'esdb') return false;
  return (await real(one.data)) === (await real(other.data));
};

const real = (folder: string): Promise<string> => realpath(folder).catch(() => folder);

/** The place is not one that can be copied from or to; the message says why, and what to do. */
export class PlaceRefused extends Error {
  override name = 'PlaceRefused';
}

/** A log that is copied or compared: it is only read. */
export type Source = Readonly<{
  log: Readable;
  logId: string;
  seal: boolean;
  close: () => Promise<void>;
}>;

/** `name` is what messages call it. @throws PlaceRefused, LogInUse, EventStoreUnusable */
export const openSource = (place: Place, name: 'FROM' | 'TO'): Promise<Source> =>
  place.kind === 'esdb' ? openRemote(place.url, name) : openOwn(place.data, name);

const openOwn = async (data: string, name: string): Promise<Source> => {
  const directory = logDirectory(data);
  if (!(await holdsLog(directory)))
    throw new PlaceRefused(`${name}: there is no log in ${directory}; name a data directory`);
  const log = await openEmbeddedLog({ directory });
  return closedOnFault(log, async () => {
    const seal = await readSealChoice(directory);
    if (seal === undefined)
      throw new PlaceRefused(`${name}: seqline.json is missing in ${directory}: put it back`);
    return { log, logId: await log.logId(), seal, close: () => log.close() };
  });
};

const openRemote = async (url: string, name: string): Promise<Source> => {
  const log = await openEsdbForReading(url);
  return closedOnFault(log, async () => {
    const { logId } = log;
    if (logId === undefined)
      throw new PlaceRefused(`${name}: there is no log of Seqline in that event store`);
    const seal = await readSealChosen(log);
    if (seal === undefined)
      throw new PlaceRefused(
        `${name} does not say whether it is sealed: start seqline serve or seqline eventstore on it once`,
      );
    return { log, logId, seal, close: () => log.close() };
  });
};

/** A log that is copied to. */
export type Target = Readonly<{
  log: Readable & Writable;
  logId: string;
  /** Says in the log which it is, and whether it is sealed. @throws SealChoiceChanged */
  prepare: (seal: boolean) => Promise<void>;
  close: () => Promise<void>;
}>;

/** What the adapter sends at once, less some; where it would have to wait, its place would be uncertain. */
const UNDER_WAY_REMOTE = { appends: IN_FLIGHT_MAX - 4, bytes: IN_FLIGHT_BYTES_MAX - 128 * 1024 };
/** What waits for a flush here is written in its order whatever happens: about two flushes' worth. */
const UNDER_WAY_OWN = { appends: 4_096, bytes: 8 * 1024 * 1024 };

/** Made if it is not there. @throws LogInUse, EventStoreUnusable */
export const openTarget = async (place: Place): Promise<Target> => {
  if (place.kind === 'esdb') {
    const log = await openEsdb({ connectionString: place.url });
    const prepare = (seal: boolean) => keepSealChosen(log, { seal, folder: '' });
    const logId = await log.logId();
    return { log: writing(log, UNDER_WAY_REMOTE), logId, prepare, close: () => log.close() };
  }
  const folder = logDirectory(place.data);
  const log = await openEmbeddedLog({ directory: folder });
  const logId = await log.logId();
  /** Beside itself, as an embedded log does, and in itself too, for the day that it is served to others. */
  const prepare = async (seal: boolean): Promise<void> => {
    await keepSealChoice(folder, { seal, head: 0 });
    await foundLog(log, logId);
    await keepSealChosen(log, { seal, folder });
  };
  return { log: writing(log, UNDER_WAY_OWN), logId, prepare, close: () => log.close() };
};

const writing = (
  log: Readable & Omit<Writable, 'underWayMax'>,
  underWayMax: Writable['underWayMax'],
): Target['log'] => ({
  readAll: (options) => log.readAll(options),
  readStream: (...args) => log.readStream(...args),
  head: () => log.head(),
  append: (...args) => log.append(...args),
  writability: () => log.writability(),
  underWayMax,
});

const closedOnFault = async <T>(
  log: Readonly<{ close: () => Promise<void> }>,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    await log.close();
    throw error;
  }
};
