import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Of the first page: 24 bytes of a header, whose flags say what the page is, then LMDB's own number. */
const HEADER_BYTES = 28;
const FLAGS_AT = 18;
const IS_ROOT = 0x08;
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;

/** What is there is no file of LMDB's; the message says what to do. */
export class NotLmdb extends Error {
  override name = 'NotLmdb';
}

/**
 * To be called before LMDB opens a folder: of a file that is none, as a loss of power may leave one that was just being made,
 * its library ends the process without a word. A file that is missing or empty is made by LMDB. @throws NotLmdb
 */
export const checkLmdbFile = (folder: string, remedy: string): void => {
  const path = join(folder, 'data.mdb');
  if (!existsSync(path)) return;
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    const read = readSync(file, header, 0, HEADER_BYTES, 0);
    if (read === 0) return;
    const isRoot = (header.readUInt16LE(FLAGS_AT) & IS_ROOT) !== 0;
    if (read === HEADER_BYTES && isRoot && header.readUInt32LE(MAGIC_AT) === MAGIC) return;
  } finally {
    closeSync(file);
  }
  throw new NotLmdb(`${path} is no file of LMDB's: ${remedy}`);
};
