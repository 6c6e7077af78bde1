import type { Position } from '../../../core/kernel/ids.ts';
import type { Config } from '../../config/config.ts';
import { checkLog, type LogReport } from '../../eventstore/copy/check.ts';
import type { OnEvents } from '../../eventstore/copy/compare.ts';
import { openKeysForReading } from '../../keys/embedded.ts';
import { openKeysToRead } from './keys.ts';
import { openOwnLog } from './ownLog.ts';
import { keysDirectory } from './places.ts';

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
      ? openKeysToRead(config, [logId, ...(await log.history()).formerIds])
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
