import { fileShelf, withKeysOf } from '../../auth/signingKeys.ts';
import { copyKeysToPostgres, type KeysCopy } from '../../keys/copyToPostgres.ts';
import { openKeysForReading } from '../../keys/embedded.ts';
import { openKeysPool } from '../../keys/pool.ts';
import { postgresShelf } from '../../keys/postgresShelf.ts';
import { explained } from './keys.ts';
import { PlaceRefused } from './logPlace.ts';
import { keysDirectory, tokensDirectory } from './places.ts';

export type Stage = 'copying' | 'comparing';

type Copying = Readonly<{
  /** A data directory. */
  from: string;
  /** Where SEQLINE_KEYS is. */
  url: string;
  onUsers: (stage: Stage, users: number, all: number) => void;
}>;

export type Copied = KeysCopy & Readonly<{ tokens: boolean }>;

/**
 * Copies the keys of a data directory into Postgres: those that open what is sealed, and those that sign tokens, so
 * that who is logged in stays so. @throws PlaceRefused, KeysUnusable, and what `copyKeysToPostgres` does
 */
export const copyDataKeys = async ({ from, url, onUsers }: Copying): Promise<Copied> => {
  const keys = await openKeysForReading(keysDirectory(from));
  if (keys === undefined)
    throw new PlaceRefused(
      `FROM: there are no keys in ${keysDirectory(from)}; name a data directory`,
    );
  const pool = openKeysPool(url, () => undefined);
  try {
    const all = keys.count();
    const copied = await copyKeysToPostgres({
      from: keys,
      pool,
      onCopied: (users) => {
        onUsers('copying', users, all);
      },
      onCompared: (users) => {
        onUsers('comparing', users, all);
      },
    });
    const text = await fileShelf(tokensDirectory(from)).load();
    if (text !== undefined) await bringTokenKeys(postgresShelf(pool), text);
    return { ...copied, tokens: text !== undefined };
  } catch (error) {
    throw explained(url, error);
  } finally {
    await pool.end();
    await keys.close();
  }
};

const bringTokenKeys = async (
  shelf: ReturnType<typeof postgresShelf>,
  text: string,
): Promise<void> => {
  for (;;) {
    const own = await shelf.load();
    // A process that is running may have saved its own in between: then they are looked at again.
    if (await shelf.save(withKeysOf(own, text), own)) return;
  }
};
