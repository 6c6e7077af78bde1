import path from 'node:path';
import type { EventStore } from '../../core/kernel/eventStore.ts';
import { openEmbeddedLog } from '../eventstore/embedded/embeddedLog.ts';
import type { Writability } from '../eventstore/embedded/health.ts';
import { openEsdb } from '../eventstore/esdb/esdbLog.ts';
import { CopyUnfinished, readHistory } from '../eventstore/history.ts';
import { hasOwnEvents, keepSealChosen } from '../eventstore/esdb/sealChosen.ts';
import { eventLog, type SealedEventLog } from '../eventstore/eventLog.ts';
import { keepSealChoice } from '../eventstore/sealChoice.ts';
import { openEmbeddedKeys, type SealedLog } from '../keys/embedded.ts';
import type { Config } from '../config/config.ts';
import type { CommitMeter } from '../observe/commitMeter.ts';
import type { Log } from '../observe/log.ts';

type Store = EventStore & Readonly<{ writability: () => Writability }>;

/** What must never be lost: the log and the keys that open it. */
export type Storage = Readonly<{
  store: Store;
  log: SealedEventLog;
  /** Ids of the logs that this one has been copied or brought back from, oldest first. */
  formerIds: readonly string[];
  close: () => Promise<void>;
}>;

type StorageConfig = Pick<Config, 'data' | 'seal'> & Partial<Pick<Config, 'eventStore'>>;

export const logDirectory = (data: string): string => path.join(data, 'log');
export const keysDirectory = (data: string): string => path.join(data, 'keys');
export const tokensDirectory = (data: string): string => path.join(data, 'tokens');

const UNFINISHED =
  'this log is a copy that is not finished: run the same seqline log copy again, and it goes on';

/** The keys are beside this process wherever the log is. */
export const openStorage = async (
  config: StorageConfig,
  log: Log,
  meter?: CommitMeter,
): Promise<Storage> => {
  const { data, seal, eventStore } = config;
  const directory = logDirectory(data);
  const isElsewhere = eventStore?.kind === 'esdb';
  const store: Store = isElsewhere
    ? await openEsdb({ connectionString: eventStore.url, log })
    : await openEmbeddedLog({ directory, log, ...(meter && { meter }) });
  try {
    const { copying, formerIds, moved } = await readHistory(store);
    if (copying) throw new CopyUnfinished(UNFINISHED);
    const sealed = await (isElsewhere ? shared : own)(store, { seal, directory });
    const keys = await openEmbeddedKeys(keysDirectory(data), { ...sealed, formerIds });
    return {
      store,
      log: eventLog({ store, keys, seal, moved }),
      formerIds,
      close: async () => {
        await store.close();
        await keys.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
};

type Choice = Readonly<{ seal: boolean; directory: string }>;

const own = async (store: Store, { seal, directory }: Choice): Promise<SealedLog> => {
  await keepSealChoice(directory, { seal, head: await store.head() });
  return { id: await store.logId(), mayHoldSealed: seal && (await store.head()) > 0 };
};

/** A store elsewhere may hold others' events, and what it says of itself. */
const shared = async (store: Store, { seal, directory }: Choice): Promise<SealedLog> => {
  await keepSealChosen(store, { seal, folder: directory });
  return { id: await store.logId(), mayHoldSealed: seal && (await hasOwnEvents(store)) };
};
