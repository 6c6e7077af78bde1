import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { logDirectory, type LogEnvironment } from './environment.ts';
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
export const backupTo = async ({ root }: LogEnvironment, directory: string): Promise<LogCheck> => {
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0)
    throw new BackupRefused(`${directory} is not empty, a backup needs a place of its own`);
  const target = logDirectory(directory);
  await mkdir(target);
  await root.backup(target, true);
  for (const path of [join(target, 'data.mdb'), target, directory]) await flushToDisk(path);
  return verifyLog(directory);
};

const flushToDisk = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
