import path from 'node:path';
import type { EmbeddedLog } from '../eventstore/embedded/embeddedLog.ts';
import { openEmbeddedLog } from '../eventstore/embedded/embeddedLog.ts';
import { eventLog, type SealedEventLog } from '../eventstore/eventLog.ts';
import { keepSealChoice } from '../eventstore/sealChoice.ts';
import { openEmbeddedKeys } from '../keys/embedded.ts';
import type { Config } from '../config/config.ts';
import type { CommitMeter } from '../observe/commitMeter.ts';
import type { Log } from '../observe/log.ts';

/** What must never be lost: the log and the keys that open it. */
export type Storage = Readonly<{
  store: EmbeddedLog;
  log: SealedEventLog;
  close: () => Promise<void>;
}>;

export const logDirectory = (data: string): string => path.join(data, 'log');

export const openStorage = async (
  { data, seal }: Pick<Config, 'data' | 'seal'>,
  log: Log,
  meter?: CommitMeter,
): Promise<Storage> => {
  const directory = logDirectory(data);
  const store = await openEmbeddedLog({ directory, log, ...(meter && { meter }) });
  try {
    await keepSealChoice(directory, { seal, head: await store.head() });
    const sealed = { id: await store.logId(), mayHoldSealed: seal && (await store.head()) > 0 };
    const keys = await openEmbeddedKeys(path.join(data, 'keys'), sealed);
    return {
      store,
      log: eventLog({ store, keys, seal }),
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
