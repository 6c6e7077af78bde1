import type { KeyStore } from '../../../core/kernel/keyStore.ts';
import { fileShelf, type KeyShelf } from '../../auth/signingKeys.ts';
import type { Config } from '../../config/config.ts';
import { openEmbeddedKeys, readEmbeddedKeys, type SealedLog } from '../../keys/embedded.ts';
import { openKeysPool } from '../../keys/pool.ts';
import { openPostgresKeys, readPostgresKeys, type Reach } from '../../keys/postgres.ts';
import { postgresShelf } from '../../keys/postgresShelf.ts';
import type { Log } from '../../observe/log.ts';
import { redactUrl } from '../../redactUrl.ts';
import { keysDirectory, tokensDirectory } from './places.ts';

type KeysConfig = Pick<Config, 'data'> & Partial<Pick<Config, 'keys'>>;

/** The keys cannot be had as things are; the message says what to do. */
export class KeysUnusable extends Error {
  override name = 'KeysUnusable';
}

/** Keys that open what is sealed, those that sign tokens, and what other processes do to the former. */
export type Keys = Readonly<{
  store: KeyStore;
  shelf: KeyShelf;
  onDestroyed: ((listener: () => void) => void) | undefined;
}>;

const LET_IN =
  'give its user the right to log in and to create a schema there ' +
  '(grant create on database … to …), or name another user in SEQLINE_KEYS';

/** What to do, by Postgres' own numbers of what is wrong. */
const REMEDIES: Readonly<Record<string, string>> = {
  '42501': LET_IN,
  '28000': LET_IN,
  '28P01': LET_IN,
  '3D000': 'create that database (create database … owner …), or correct SEQLINE_KEYS',
  '25006': 'it can only be read: name the primary, or have its user write',
  '08P01':
    'it has to lead to Postgres itself, not to a pooler (docs/OPERATIONS.md, "The addresses")',
};

export const openKeys = async (config: KeysConfig, log: SealedLog, say: Log): Promise<Keys> => {
  const { data, keys } = config;
  if (keys?.kind !== 'postgres') {
    const store = await openEmbeddedKeys(keysDirectory(data), log);
    return { store, shelf: fileShelf(tokensDirectory(data)), onDestroyed: undefined };
  }
  const reach = reachOf(say);
  const pool = openKeysPool(keys.url, reach.away);
  try {
    const store = await openPostgresKeys(pool, log, reach);
    return { store, shelf: postgresShelf(pool), onDestroyed: (heard) => store.onDestroyed(heard) };
  } catch (error) {
    await pool.end();
    throw explained(keys.url, error);
  }
};

/** It is looked for each second: that it is away is said once, and once that it is back. */
export const reachOf = (say: Pick<Log, 'warn' | 'info'>): Reach => {
  let isAway = false;
  return {
    away: (error) => {
      if (isAway) return;
      isAway = true;
      say.warn(
        { err: error },
        'the Postgres of the keys does not answer; keys that are known are used',
      );
    },
    back: () => {
      if (isAway) say.info('the Postgres of the keys answers again');
      isAway = false;
    },
  };
};

/**
 * The same keys beside whoever has them open: nothing is made, claimed or destroyed. `logIds`: the log's own id, and
 * those of the logs it comes from, whose keys they are until a server has claimed them for it.
 */
export const openKeysToRead = async (
  { data, keys }: KeysConfig,
  logIds: readonly string[],
): Promise<Pick<KeyStore, 'opening' | 'close'>> => {
  if (keys?.kind !== 'postgres') return readEmbeddedKeys(keysDirectory(data), logIds);
  const pool = openKeysPool(keys.url, () => undefined);
  try {
    return await readPostgresKeys(pool, logIds);
  } catch (error) {
    await pool.end();
    throw explained(keys.url, error);
  }
};

/** Of what Postgres says, with what to do; anything else as it is. */
export const explained = (url: string, error: unknown): unknown => {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  const remedy = REMEDIES[code] ?? 'start that Postgres, or correct SEQLINE_KEYS';
  const text = `SEQLINE_KEYS: ${redactUrl(url)} cannot be used (${error.message || code}): ${remedy}`;
  return new KeysUnusable(text, { cause: error });
};
