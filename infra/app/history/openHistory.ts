import { STREAM_PREFIXES } from '../../../core/kernel/catalogue.ts';
import type { Config } from '../../config/config.ts';
import { CopyUnfinished } from '../../eventstore/history.ts';
import { decodingFor, textsFor } from '../../eventstore/reading.ts';
import type { Exportable, Replayable } from '../../replay/walk.ts';
import { openKeysToRead } from '../storage/keys.ts';
import { openEmbeddedToRead, openRemoteToRead } from '../storage/ownLog.ts';

/** The whole log with the keys that open it, to be read beside the server that writes it. */
export type History = Replayable &
  Exportable &
  Readonly<{
    logId: string;
    close: () => Promise<void>;
  }>;

/** @throws PlaceRefused where there is no log; CopyUnfinished; and what says that its keys are not there */
export const openHistory = async (config: HistoryConfig): Promise<History> => {
  const { data, eventStore } = config;
  const log = await (eventStore.kind === 'esdb'
    ? openRemoteToRead(eventStore.url)
    : openEmbeddedToRead(data, { growing: true }));
  try {
    const { copying, moved, formerIds } = await log.history();
    if (copying) throw new CopyUnfinished('this log is a copy that is not finished');
    const keys = await openKeysToRead(config, [log.logId, ...formerIds]);
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
