import { access, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const MODE_PRIVATE = 0o600;

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
