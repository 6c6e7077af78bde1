import type { EventStore } from '../../../core/kernel/eventStore.ts';
import { openEmbeddedLog } from '../../eventstore/embedded/embeddedLog.ts';
import type { Writability } from '../../eventstore/embedded/health.ts';
import { openEsdb } from '../../eventstore/esdb/esdbLog.ts';
import { CopyUnfinished, readHistory, type LogHistory } from '../../eventstore/history.ts';
import { hasOwnEvents, keepSealChosen } from '../../eventstore/esdb/sealChosen.ts';
import { eventLog, type SealedEventLog } from '../../eventstore/eventLog.ts';
import { keepSealChoice } from '../../eventstore/sealChoice.ts';
import type { KeyShelf } from '../../auth/signingKeys.ts';
import type { SealedLog } from '../../keys/embedded.ts';
import type { Config } from '../../config/config.ts';
import type { CommitMeter } from '../../observe/commitMeter.ts';
import type { Log } from '../../observe/log.ts';
import { openKeys } from './keys.ts';
import { logDirectory } from './places.ts';

type Store = EventStore & Readonly<{ writability: () => Writability }>;

/** What must never be lost: the log and the keys that open it. */
export type Storage = Readonly<{
  store: Store;
  log: SealedEventLog;
  /** Ids of the logs that this one has been copied or brought back from, oldest first. */
  formerIds: readonly string[];
  /** Where the keys are that sign tokens. */
  tokenShelf: KeyShelf;
  close: () => Promise<void>;
}>;

type StorageConfig = Pick<Config, 'data' | 'seal'> & Partial<Pick<Config, 'eventStore' | 'keys'>>;

const UNFINISHED =
  'this log is a copy that is not finished: run the same seqline log copy again, and it goes on';

/** The log, and the keys that open it, wherever each of them is. */
export const openStorage = async (
  config: StorageConfig,
  log: Log,
  meter?: CommitMeter,
): Promise<Storage> => {
  const { store, sealed, history } = await openStore(config, log, meter);
  const { formerIds, moved } = history;
  try {
    const keys = await openKeys(config, { ...sealed, formerIds }, log);
    const { onDestroyed } = keys;
    return {
      store,
      log: eventLog({ store, keys: keys.store, onDestroyed, seal: config.seal, moved }),
      formerIds,
      tokenShelf: keys.shelf,
      close: async () => {
        try {
          await store.close();
        } finally {
          await keys.store.close();
        }
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
};

export type OpenStore = Readonly<{ store: Store; sealed: SealedLog; history: LogHistory }>;

/** The log alone, for who passes on what is stored and opens none of it. */
export const openStore = async (
  { data, seal, eventStore }: StorageConfig,
  log: Log,
  meter?: CommitMeter,
): Promise<OpenStore> => {
  const directory = logDirectory(data);
  const isElsewhere = eventStore?.kind === 'esdb';
  const store: Store = isElsewhere
    ? await openEsdb({ connectionString: eventStore.url, log })
    : await openEmbeddedLog({ directory, log, ...(meter && { meter }) });
  try {
    const history = await readHistory(store);
    if (history.copying) throw new CopyUnfinished(UNFINISHED);
    const sealed = await (isElsewhere ? shared : own)(store, { seal, directory });
    return { store, sealed, history };
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
