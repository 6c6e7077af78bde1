import { openHistory, type History, type HistoryConfig } from '../app/history/openHistory.ts';
import type { Config } from '../config/config.ts';
import { openTables, type Tables } from './verify/database.ts';

export type PastConfig = HistoryConfig & Pick<Config, 'postgres'>;

type TableOptions = Parameters<typeof openTables>[1];

/** Opens the log and the database of its read models, for as long as the work takes. */
export const withPast = async <T>(
  config: PastConfig,
  options: TableOptions,
  work: (history: History, tables: Tables) => Promise<T>,
): Promise<T> => {
  const history = await openHistory(config);
  try {
    const tables = await openTables(config, options);
    try {
      return await work(history, tables);
    } finally {
      await tables.close();
    }
  } finally {
    await history.close();
  }
};
