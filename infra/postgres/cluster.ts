import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.ts';
import { giveTo, type Place, type PostgresLog } from './place.ts';

const run = promisify(execFile);

/** The one database user; who may enter the socket's directory is that user. */
export const DATABASE_USER = 'seqline';

/**
 * Order by code point everywhere (`C`), so that pages do not depend on a machine's languages, and yet
 * upper and lower case of all scripts (`C.UTF-8` of Postgres itself, not of the operating system).
 */
const INITDB_OPTIONS = [
  ...['--username', DATABASE_USER, '--auth-local=trust', '--auth-host=reject'],
  ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  // What a crash in the next seconds may damage is made anew at the next start.
  '--no-sync',
  '--no-instructions',
] as const;

export const clusterOf = ({ directory }: Place): string => path.join(directory, 'cluster');

/** A cluster of this version of Postgres, made if there is none; resolves with its directory. */
export const prepareCluster = async (
  place: Place,
  { initdb, major }: Binaries,
  log: PostgresLog,
): Promise<string> => {
  const cluster = clusterOf(place);
  const version = await versionIn(cluster);
  if (version === major) return cluster;
  if (version !== undefined) {
    await setAside(place, `it is of Postgres ${version}, the programs are of ${major}`, log);
  }
  await removeUnfinished(place);

  // A start that is killed in the middle leaves nothing that looks like a cluster.
  const unfinished = `${cluster}.new-${String(process.pid)}`;
  await mkdir(unfinished, { mode: 0o700 });
  if (place.account !== undefined) await giveTo(unfinished, place.account);
  await run(initdb, ['-D', unfinished, ...INITDB_OPTIONS], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC' },
    ...asAccount(place),
  });
  await rename(unfinished, cluster);
  return cluster;
};

/**
 * Moves a cluster that cannot be used out of the way: it holds nothing that the log does not. One is kept
 * for whoever wants to know what was wrong with it.
 */
export const setAside = async (place: Place, reason: string, log: PostgresLog): Promise<void> => {
  const cluster = clusterOf(place);
  const aside = `${cluster}.set-aside`;
  log.warn(
    `the Postgres in ${cluster} is moved to ${aside} and the read models are rebuilt: ${reason}`,
  );
  await rm(aside, { recursive: true, force: true });
  await rename(cluster, aside);
};

export const asAccount = ({ account }: Place): { uid?: number; gid?: number } =>
  account === undefined ? {} : { uid: account.uid, gid: account.gid };

/** Undefined: there is no cluster. Empty: there is something that is none. */
const versionIn = async (cluster: string): Promise<string | undefined> => {
  const names = await readdir(cluster).catch(() => undefined);
  if (names === undefined) return undefined;
  const text = await readFile(path.join(cluster, 'PG_VERSION'), 'utf8').catch(() => '');
  return text.trim();
};

const removeUnfinished = async ({ directory }: Place): Promise<void> => {
  const names = await readdir(directory);
  const unfinished = names.filter((name) => name.startsWith('cluster.new-'));
  await Promise.all(
    unfinished.map((name) => rm(path.join(directory, name), { recursive: true, force: true })),
  );
};
