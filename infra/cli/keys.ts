import { copyDataKeys } from '../app/storage/keysToPostgres.ts';
import { placeOf } from '../app/storage/logPlace.ts';
import type { Config } from '../config/config.ts';
import { redactUrl } from '../redactUrl.ts';
import { complain, out, type Arguments } from './command.ts';
import { counted, Progress } from './progress.ts';

type KeysConfig = Pick<Config, 'keys'>;

const USAGE =
  'keys: copy embedded:DATA-DIRECTORY, into the database of SEQLINE_KEYS (postgres://…)';

/** What is done with the keys as a whole, by hand. */
export const keys = async (
  config: KeysConfig,
  { rest: [name, first = '', ...more] }: Pick<Arguments, 'rest'>,
): Promise<number> => {
  const from = placeOf(first);
  if (name !== 'copy' || from?.kind !== 'embedded' || more.length > 0) return complain(USAGE);
  if (config.keys.kind !== 'postgres')
    return complain(
      'keys copy: say where to: set SEQLINE_KEYS=postgres://user:password@host/database',
    );
  try {
    return await copy(from.data, config.keys.url);
  } catch (error) {
    return complain(`keys copy: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const copy = async (data: string, url: string): Promise<number> => {
  let progress: Progress | undefined;
  let stage = '';
  const { users, destroyed, written, tokens } = await copyDataKeys({
    from: data,
    url,
    onUsers: (at, done, all) => {
      if (at !== stage) {
        progress?.end();
        progress = new Progress(`${at} keys`, all, { unit: 'users' });
      }
      stage = at;
      progress?.take(done, { position: done });
    },
  });
  progress?.end();
  out(
    `The keys of ${counted(users)} users are in ${redactUrl(url)} (${counted(destroyed)} of them destroyed); ` +
      `${counted(written)} were written now, and all have been compared.`,
  );
  out(
    tokens
      ? 'So are those that sign tokens: whoever is logged in stays so, with the same SEQLINE_SECRET.'
      : `There are none that sign tokens in ${data}.`,
  );
  out('Give every process this SEQLINE_KEYS, and do not start the old server again.');
  return 0;
};
