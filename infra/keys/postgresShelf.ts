import type pg from 'pg';
import { StoreUnavailable } from '../../core/kernel/eventStore.ts';
import { alone, readFact, writeFact } from './postgres.ts';

const SIGNING = 'signing';

type Shelf = Readonly<{
  load: () => Promise<string | undefined>;
  save: (text: string, before: string | undefined) => Promise<boolean>;
}>;

/** The keys that sign tokens, beside the others (`prepareKeysSchema` first): all processes have the same. */
export const postgresShelf = (pool: pg.Pool): Shelf => ({
  load: () => reaching(() => readFact(pool, SIGNING)),
  save: (text, before) =>
    reaching(() =>
      alone(pool, async (client) => {
        if ((await readFact(client, SIGNING)) !== before) return false;
        await writeFact(client, SIGNING, text);
        return true;
      }),
    ),
});

const reaching = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw new StoreUnavailable('the signing keys (SEQLINE_KEYS) cannot be reached', {
      cause: error,
    });
  }
};
