import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { lockDirectory, type DirectoryLock } from '../directoryLock.ts';
import type { PostgresLog } from './place.ts';
import { cameTrue, commandOf, signal } from './processes.ts';

/** How long each way to end an old Postgres is given before the next, rougher one. */
const FAST_SHUTDOWN_MS = 1_500;
const IMMEDIATE_SHUTDOWN_MS = 3_000;
const KILLED_MS = 2_000;

/** An owner that has been killed takes a moment to be gone. */
const OWNER_GOING_MS = 1_000;

export class PostgresDirectoryInUse extends Error {
  override name = 'PostgresDirectoryInUse';
}

/**
 * Makes the directory ours, for as long as this process lives: two servers over one directory would end
 * each other's Postgres. Throws `PostgresDirectoryInUse` while its owner is alive.
 */
export const claimDirectory = async (directory: string): Promise<DirectoryLock> => {
  let lock: DirectoryLock | undefined;
  const isOurs = async (): Promise<boolean> => {
    lock = await lockDirectory(directory);
    return lock !== undefined;
  };
  await cameTrue(isOurs, OWNER_GOING_MS);
  if (lock !== undefined) return lock;
  throw new PostgresDirectoryInUse(
    `the Postgres in ${directory} belongs to another process that is running: stop it first, or choose ` +
      'another directory',
  );
};

/**
 * Ends a Postgres that its dead owner has left running in the cluster, and clears away what it would
 * otherwise have taken for a sign of life. Only call it as the owner of the directory.
 */
export const endOldPostgres = async (cluster: string, log: PostgresLog): Promise<void> => {
  const pidFile = path.join(cluster, 'postmaster.pid');
  const pid = await pidIn(pidFile);
  if (pid === undefined) return;

  // The number may have passed to a process that has nothing to do with us: never touch that one.
  const isOld = async (): Promise<boolean> => {
    const command = await commandOf(pid);
    return command.includes('postgres') && command.includes(` -D ${cluster} `);
  };
  const isGone = async (): Promise<boolean> => !(await isOld());

  if (await isOld()) {
    log.warn(
      `ending the Postgres (process ${String(pid)}) that a crashed start left in ${cluster}`,
    );
    signal(pid, 'SIGINT');
    if (!(await cameTrue(isGone, FAST_SHUTDOWN_MS))) signal(pid, 'SIGQUIT');
    if (!(await cameTrue(isGone, IMMEDIATE_SHUTDOWN_MS))) signal(pid, 'SIGKILL');
    if (!(await cameTrue(isGone, KILLED_MS))) {
      throw new PostgresDirectoryInUse(
        `an old Postgres (process ${String(pid)}) in ${cluster} cannot be ended`,
      );
    }
  }
  // Postgres would refuse to start if another process now had the number that stands in the file.
  await rm(pidFile, { force: true });
};

const pidIn = async (file: string): Promise<number | undefined> => {
  const [line = ''] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const pid = Number.parseInt(line, 10);
  return pid > 1 ? pid : undefined;
};
