import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cameTrue, commandOf, pause, signal, startOf } from './processes.ts';
import type { PostgresLog } from './place.ts';

/** How long each way to end an old Postgres is given before the next, rougher one. */
const FAST_SHUTDOWN_MS = 1_500;
const IMMEDIATE_SHUTDOWN_MS = 3_000;
const KILLED_MS = 2_000;

/** Two starts at once may both find an owner that has gone; one of them gets its name in. */
const CLAIM_ATTEMPTS_MAX = 5;

export class PostgresDirectoryInUse extends Error {
  override name = 'PostgresDirectoryInUse';
}

export type Claim = Readonly<{ release: () => Promise<void> }>;

/**
 * Makes the directory ours, for as long as this process lives: two servers over one directory would end
 * each other's Postgres. Throws `PostgresDirectoryInUse` while its owner is alive.
 */
export const claimDirectory = async (directory: string): Promise<Claim> => {
  const file = path.join(directory, 'owner');
  const mine = `${String(process.pid)} ${(await startOf(process.pid)) ?? ''}\n`;
  for (let attempt = 1; attempt <= CLAIM_ATTEMPTS_MAX; attempt++) {
    if (await writeNew(file, mine)) return { release: () => rm(file, { force: true }) };
    const owner = await livingOwner(file);
    if (owner !== undefined) {
      throw new PostgresDirectoryInUse(
        `the Postgres in ${directory} belongs to the running process ${String(owner)}: ` +
          'stop it first, or choose another directory',
      );
    }
    await rm(file, { force: true });
  }
  throw new PostgresDirectoryInUse(
    `the Postgres in ${directory} is being started by another process`,
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

const livingOwner = async (file: string): Promise<number | undefined> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  if (!text.endsWith('\n')) {
    // Made a moment ago and not yet written, or left so by a crash: the next attempt tells.
    await pause(50);
    return undefined;
  }
  const parted = text.indexOf(' ');
  const pid = Number.parseInt(text.slice(0, parted), 10);
  // The whole of it: a stale start that is a beginning of the stranger's is still another process.
  return (await startOf(pid)) === text.slice(parted + 1, -1) ? pid : undefined;
};

const writeNew = async (file: string, text: string): Promise<boolean> => {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
};
