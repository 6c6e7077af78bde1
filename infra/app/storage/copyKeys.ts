import { fileShelf } from '../../auth/signingKeys.ts';
import { openKeysForReading } from '../../keys/embedded.ts';
import { keysDirectory, tokensDirectory } from './places.ts';

/** What of a data directory has been copied into another. */
export type KeysCopied = Readonly<{ keys: boolean; tokens: boolean }>;

/**
 * Copies the keys that open what is sealed, and those that sign tokens, from one data directory to
 * another, also while a server uses the first. What is there is replaced.
 */
export const copyKeys = async (from: string, to: string): Promise<KeysCopied> => {
  const keys = await openKeysForReading(keysDirectory(from));
  await keys?.copyTo(keysDirectory(to));
  await keys?.close();
  const text = await fileShelf(tokensDirectory(from)).load();
  const shelf = fileShelf(tokensDirectory(to));
  if (text !== undefined) await shelf.save(text, await shelf.load());
  return { keys: keys !== undefined, tokens: text !== undefined };
};

/** Whether the keys in a data directory are those of one of these logs. */
export const hasKeysOf = async (data: string, logIds: readonly string[]): Promise<boolean> => {
  const keys = await openKeysForReading(keysDirectory(data));
  await keys?.close();
  return keys?.owners.some((id) => logIds.includes(id)) === true;
};
