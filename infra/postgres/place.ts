import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from '../durableFile.ts';

const run = promisify(execFile);

/** What is said while Postgres is set up; a pino logger fits. */
export type PostgresLog = Readonly<{
  info: (message: string) => void;
  warn: (message: string) => void;
}>;

/** The user that Postgres runs as where it may not run as ourselves: it refuses root. */
export type Account = Readonly<{ uid: number; gid: number; name: string }>;

/** Where one embedded Postgres lives, and as whom. */
export type Place = Readonly<{ directory: string; account: Account | undefined }>;

/**
 * Users that an operating system brings along. Debian's `postgres` is there for this; `nobody` always is.
 * A user is never created: that would change a machine that is not ours.
 */
const ACCOUNT_NAMES = ['postgres', 'nobody'] as const;

/** Survives a restart of the machine where there is such a place; /tmp often does not. */
const FALLBACK_ROOTS = ['/var/tmp', tmpdir()] as const;
const FALLBACK_NAME = 'seqline-postgres';

/** macOS takes 103 bytes of socket path, Linux 107. */
const SOCKET_PATH_BYTES_MAX = 103;
const SOCKET_NAME = '.s.PGSQL.5432';

/** Undefined: run as who we are. Throws when we are root and the machine has no user to step down to. */
export const chooseAccount = async (): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ACCOUNT_NAMES) {
    const [uid, gid] = await Promise.all([idOf(name, '-u'), idOf(name, '-g')]);
    if (uid !== undefined && gid !== undefined) return { uid, gid, name };
  }
  throw new Error(
    `Postgres does not run as root and this machine has none of the users ${ACCOUNT_NAMES.join(', ')}: ` +
      'start as an ordinary user, or name your own Postgres with DATABASE_URL',
  );
};

/**
 * The directory as asked for, made and given to the account; one elsewhere if the account cannot get
 * there (below /root, say). What lies in it is disposable, so a place that is not backed up does no harm.
 */
export const preparePlace = async (directory: string, log: PostgresLog): Promise<Place> => {
  const account = await chooseAccount();
  const wanted = path.resolve(directory);
  await makeFolder(wanted, 0o700);
  if (account === undefined) return { directory: wanted, account };

  await giveTo(wanted, account);
  if (await mayUse(account, wanted, '-w')) return { directory: wanted, account };

  const elsewhere = await fallbackDirectory(wanted, account);
  log.warn(
    `the user ${account.name}, whom Postgres runs as, cannot reach ${wanted}: ` +
      `the read models are kept in ${elsewhere} instead`,
  );
  return { directory: elsewhere, account };
};

/**
 * Where `preparePlace` may have put what was asked to be in a directory. What somebody else has made in its stead is
 * none of ours: whoever asked it would tell it all.
 */
export const placesOf = async (directory: string): Promise<readonly string[]> => {
  const wanted = path.resolve(directory);
  const name = nameFor(FALLBACK_NAME, wanted);
  const owners = [process.getuid?.(), (await chooseAccount().catch(() => undefined))?.uid];
  const places = [wanted];
  for (const root of FALLBACK_ROOTS) {
    const elsewhere = path.join(root, name);
    if (await isPrivate(elsewhere, owners)) places.push(elsewhere);
  }
  return places;
};

/** Whether it is a directory of one of these users, and closed to others. */
const isPrivate = async (
  directory: string,
  owners: readonly (number | undefined)[],
): Promise<boolean> => {
  const found = await lstat(directory).catch(() => undefined);
  return found?.isDirectory() === true && owners.includes(found.uid) && (found.mode & 0o077) === 0;
};

/** The only way in: a directory that nobody but the account (and root) may enter. */
export const prepareSocketDirectory = async ({ directory, account }: Place): Promise<string> => {
  const inside = path.join(directory, 'socket');
  if (fitsSocket(inside)) {
    await makeFolder(inside, 0o700);
    await chmod(inside, 0o700);
    if (account !== undefined) await giveTo(inside, account);
    return inside;
  }
  const root = fitsSocket(path.join(tmpdir(), nameFor('seqline', directory))) ? tmpdir() : '/tmp';
  return privateDirectory(root, nameFor('seqline', directory), account);
};

/** Whether the account passes `test <flag> <file>`: asked of the system, which knows every rule. */
export const mayUse = async (
  account: Account,
  file: string,
  flag: '-w' | '-x',
): Promise<boolean> => {
  try {
    const { uid, gid } = account;
    await run('/bin/sh', ['-c', `test ${flag} "$1"`, 'sh', file], { uid, gid, cwd: '/' });
    return true;
  } catch {
    // The only failure `test` has is its answer.
    return false;
  }
};

export const giveTo = (file: string, { uid, gid }: Account): Promise<void> => chown(file, uid, gid);

const idOf = async (name: string, option: '-u' | '-g'): Promise<number | undefined> => {
  try {
    const { stdout } = await run('id', [option, name]);
    return Number.parseInt(stdout, 10);
  } catch {
    // `id` fails for exactly one reason here: there is no such user.
    return undefined;
  }
};

const fallbackDirectory = async (wanted: string, account: Account): Promise<string> => {
  for (const root of FALLBACK_ROOTS) {
    if (!(await mayUse(account, root, '-w'))) continue;
    return privateDirectory(root, nameFor(FALLBACK_NAME, wanted), account);
  }
  throw new Error(`no directory of ${FALLBACK_ROOTS.join(', ')} can be used by ${account.name}`);
};

/**
 * A directory of a fixed name below one that everybody may write to. Whoever came first may have made it
 * to catch us, so it is used only if it is ours and closed; otherwise one with a name nobody can foresee.
 */
const privateDirectory = async (
  root: string,
  name: string,
  account: Account | undefined,
): Promise<string> => {
  const directory = path.join(root, name);
  const created = await mkdir(directory, { mode: 0o700 }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    },
  );
  const ours = await isPrivate(directory, [account?.uid ?? process.getuid?.()]);
  const usable = created || ours ? directory : await mkdtemp(path.join(root, `${name}-`));
  if (account !== undefined && !ours) await giveTo(usable, account);
  return usable;
};

const fitsSocket = (directory: string): boolean =>
  Buffer.byteLength(path.join(directory, SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX;

const nameFor = (prefix: string, directory: string): string =>
  `${prefix}-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`;
