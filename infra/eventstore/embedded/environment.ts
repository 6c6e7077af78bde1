import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { open, type Database, type RootDatabase } from 'lmdb';
import type { Position } from '../../../core/kernel/ids.ts';
import { checkLmdbFile } from '../../lmdbFile.ts';

/** Concurrent read transactions; reads are synchronous, so a handful would do. */
const READERS_MAX = 32;

/**
 * What six bytes hold: at a million events a second it lasts nine years, and it stays below 2^53.
 */
export const POSITION_MAX = 2 ** 48 - 1;

/** Six bytes, big endian, so that LMDB's order of keys is the order of positions. */
const positionKey = {
  writeKey: (position: number, target: Uint8Array, start: number): number => {
    const high = Math.floor(position / 0x1_0000_0000);
    target[start] = high >>> 8;
    target[start + 1] = high;
    target[start + 2] = position >>> 24;
    target[start + 3] = position >>> 16;
    target[start + 4] = position >>> 8;
    target[start + 5] = position;
    return start + 6;
  },
  readKey: (source: Uint8Array, start: number): number =>
    Buffer.from(source.buffer, source.byteOffset + start, 6).readUIntBE(0, 6),
};

/** `append` is LMDB's own flag, in lmdb's README but not in its types for `put`. */
export type LogTable = Database<Buffer, Position> & {
  put(key: Position, value: Uint8Array, options: Readonly<{ append: true }>): Promise<boolean>;
};

/** What the log is made of: this alone is written before an append is acknowledged. */
export type LogEnvironment = Readonly<{
  root: RootDatabase;
  log: LogTable;
  meta: Database<string, string>;
  logId: string;
  close: () => Promise<void>;
}>;

export const logDirectory = (directory: string): string => join(directory, 'log');
export const indexDirectory = (directory: string): string => join(directory, 'index');

const REMEDY =
  'bring the log back from a backup; if it was just being made when the power was lost, there is nothing in it, and ' +
  'its folder can be removed';

/**
 * `overlappingSync: false`: a write's promise resolves only once LMDB's write thread has flushed
 * it, and a failed flush leaves no trace in the tables. The library's default would resolve it as
 * soon as it is visible. `eventTurnBatching: false`: the write thread starts at once, we make the
 * groups ourselves.
 */
export const openLogEnvironment = (directory: string): LogEnvironment => {
  checkLmdbFile(logDirectory(directory), REMEDY);
  const root = open({
    path: logDirectory(directory),
    noSubdir: false,
    noSync: false,
    noMetaSync: false,
    overlappingSync: false,
    eventTurnBatching: false,
    maxDbs: 4,
    maxReaders: READERS_MAX,
  });
  const options = { name: 'log', encoding: 'binary', keyEncoder: positionKey } as const;
  // The intersection adds one documented form of `put` that the library's types leave out.
  const log = root.openDB<Buffer, Position>(options) as LogTable;
  const meta = root.openDB<string, string>({ name: 'meta', encoding: 'string' });
  const logId = meta.get('logId') ?? randomBytes(16).toString('hex');
  if (!meta.doesExist('logId')) root.transactionSync(() => meta.putSync('logId', logId));
  return { root, log, meta, logId, close: () => root.close() };
};

/**
 * The log of a directory, to be read while another process may be writing it: nothing in it is changed,
 * and no lock is taken. Throws where there is no log.
 */
export const openLogForReading = (directory: string): LogEnvironment => {
  const path = logDirectory(directory);
  // LMDB would make the folder before it finds that there is nothing to read.
  if (!existsSync(join(path, 'data.mdb'))) {
    throw new Error(`there is no log in ${directory}: check SEQLINE_DATA`);
  }
  checkLmdbFile(path, REMEDY);
  const root = open({ path, noSubdir: false, maxDbs: 4, maxReaders: READERS_MAX, readOnly: true });
  const options = { name: 'log', encoding: 'binary', keyEncoder: positionKey } as const;
  // As above.
  const log = root.openDB<Buffer, Position>(options) as LogTable;
  const meta = root.openDB<string, string>({ name: 'meta', encoding: 'string' });
  const logId = meta.get('logId');
  if (logId === undefined) throw new Error(`${directory} holds no log of Seqline`);
  return { root, log, meta, logId, close: () => root.close() };
};

/** What is brought back from a backup is another log: a client must not take it for the one it knew. */
export const renameLog = async (directory: string, logId: string): Promise<void> => {
  const { root, meta, close } = openLogEnvironment(directory);
  root.transactionSync(() => meta.putSync('logId', logId));
  await close();
};

/**
 * Whether LMDB still gives back what is there. Once it could not write a root, every transaction fails, and its library
 * then makes of a record that cannot be read one that is not there.
 */
export const isReadable = ({
  root,
  meta,
  logId,
}: Pick<LogEnvironment, 'root' | 'meta' | 'logId'>): boolean => {
  // What was begun before would still see what it saw then.
  root.resetReadTxn();
  try {
    return meta.get('logId') === logId;
  } catch {
    return false;
  }
};

/** Position of the last record; 0 in an empty log. */
export const lastPosition = (log: LogTable): Position => {
  const keys = log.getKeys({ start: POSITION_MAX, end: 0, reverse: true, limit: 1 });
  for (const position of keys) return position;
  return 0;
};
