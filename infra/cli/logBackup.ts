import { backupData, restoreData } from '../app/storage/backup.ts';
import { checkOwnLog } from '../app/storage/checkOwnLog.ts';
import type { Config } from '../config/config.ts';
import { complain, out } from './command.ts';
import { Progress, counted } from './progress.ts';

type BackupConfig = Pick<Config, 'data' | 'eventStore'> & Partial<Pick<Config, 'keys'>>;

const KEYS_ELSEWHERE =
  'log backup: the keys are in the database of SEQLINE_KEYS. Back up the log first, by its own means, and ' +
  'then that database (pg_dump --schema=seqline_keys); docs/OPERATIONS.md says how both are brought back';

/** One directory, and nothing else. */
const directoryOf = ([directory, ...more]: readonly string[]): string | undefined =>
  more.length > 0 ? undefined : directory;

export const backup = async (config: BackupConfig, rest: readonly string[]): Promise<number> => {
  const directory = directoryOf(rest);
  if (directory === undefined) return complain('log backup: name the directory to be made');
  if (config.keys?.kind === 'postgres') return complain(KEYS_ELSEWHERE);
  const { log, chain } = await backupData(config, directory);
  if (log) await report(copyAt(directory));
  else out('The log is in an event store: back it up there, just before this.');
  const signed = chain ? ', and what has been signed of the log,' : '';
  out(
    `${log ? 'Log, keys' : 'Keys'} and token keys${signed} are in ${directory}, to be kept as a secret.`,
  );
  return 0;
};

export const restore = async (config: BackupConfig, rest: readonly string[]): Promise<number> => {
  const directory = directoryOf(rest);
  if (directory === undefined) return complain('log restore: name the directory of a backup');
  await restoreData(directory, config.data);
  await report(copyAt(config.data));
  out(
    `Restored to ${config.data}. Users that have been erased since the backup are back: erase them.`,
  );
  return 0;
};

export const check = async (config: BackupConfig, rest: readonly string[]): Promise<number> => {
  if (rest.length > 0) return complain('log check: it takes no name; it is of SEQLINE_DATA');
  await report(config);
  return 0;
};

/** A log with its keys beside it. */
const copyAt = (data: string): BackupConfig => ({
  data,
  eventStore: { kind: 'embedded' },
});

const report = async (config: BackupConfig): Promise<void> => {
  let progress: Progress | undefined;
  const { events, streams, digest, opened, logId, keys } = await checkOwnLog(config, (head) => {
    progress = new Progress('checking', head);
    return progress.take;
  });
  progress?.end();
  out(`The log ${logId} is whole: ${counted(events)} events in ${counted(streams)} streams`);
  out(`digest ${digest}`);
  out(
    keys
      ? `The keys open what is sealed (tried for ${counted(opened)} users).`
      : 'There are no keys here, so nothing that is sealed has been tried.',
  );
};
