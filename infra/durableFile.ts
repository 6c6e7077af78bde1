import { access, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const MODE_PRIVATE = 0o600;
const MODE_USUAL = 0o777;

/** The text of a file, or undefined where there is none. */
export const readIfPresent = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

export const isThere = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};

/**
 * Makes a folder and those above it that are missing; undefined where it was there. Resolves once their names are durable:
 * what is flushed in a folder that is itself forgotten goes with it. Not Node's own `recursive`, which tries for ever where
 * a folder that is there takes none (in /proc, say).
 */
export const makeFolder = async (
  folder: string,
  mode: number = MODE_USUAL,
): Promise<string | undefined> => {
  const asked = await makeOne(folder, mode);
  if (asked !== 'lacks-parent') return asked === 'made' ? folder : undefined;
  const above = dirname(folder);
  const first = await makeFolder(above, mode);
  const again = await makeOne(folder, mode);
  if (again !== 'lacks-parent') return first ?? (again === 'made' ? folder : undefined);
  const problem = new Error(`${folder} cannot be made: ${above} takes no folder`);
  throw Object.assign(problem, { code: 'ENOTDIR', path: folder });
};

const makeOne = async (
  folder: string,
  mode: number,
): Promise<'made' | 'there' | 'lacks-parent'> => {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (isMissing(error) && dirname(folder) !== folder) return 'lacks-parent';
    // Who may not write above it need not, where it is there.
    if (await isFolder(folder)) return 'there';
    throw error;
  }
  await syncFolder(dirname(folder));
  return 'made';
};

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};

/**
 * Puts a whole new text in a file's place, readable by the owner only: after a crash at any moment there
 * is the old text or the new one. Resolves once it is durable. One writer at a time.
 */
export const writeDurably = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', MODE_PRIVATE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
};

/** A rename is durable only once the folder that holds the name is. */
export const syncFolder = async (path: string): Promise<void> => {
  // Windows cannot open a folder to sync it; there the file system orders the rename by itself.
  if (process.platform !== 'win32') await syncFile(path);
};

export const syncFile = async (path: string): Promise<void> => {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
