import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere, makeFolder, syncFile, syncFolder } from '../../durableFile.ts';
import { logDirectory, openLogForReading, type LogEnvironment } from './environment.ts';
import { verifyLog, type LogCheck } from './verify.ts';

/** The directory for a backup holds something already. */
export class BackupRefused extends Error {
  override name = 'BackupRefused';
}

/**
 * Copies the log while it is being written, as of one moment, into an empty or new directory that
 * can be opened as a log itself; then reads the copy from end to end. The stream index is left out:
 * it is made again when the copy is opened.
 */
export const backupTo = async (
  environment: Pick<LogEnvironment, 'root'>,
  directory: string,
): Promise<LogCheck> => {
  await copyTo(environment, directory);
  return verifyLog(directory);
};

/** Whether there is a log in this directory. */
export const holdsLog = (directory: string): Promise<boolean> =>
  isThere(join(logDirectory(directory), 'data.mdb'));

/** The same by a process that does not have the log open, while another may be writing it. */
export const copyOpenLog = async (from: string, directory: string): Promise<void> => {
  const environment = openLogForReading(from);
  try {
    await copyTo(environment, directory);
  } finally {
    await environment.close();
  }
};

const copyTo = async ({ root }: Pick<LogEnvironment, 'root'>, directory: string): Promise<void> => {
  await makeFolder(directory);
  if ((await readdir(directory)).length > 0)
    throw new BackupRefused(`${directory} is not empty, a backup needs a place of its own`);
  const target = logDirectory(directory);
  await mkdir(target, { mode: 0o700 });
  await root.backup(target, true);
  await syncFile(join(target, 'data.mdb'));
  for (const path of [target, directory]) await syncFolder(path);
};
