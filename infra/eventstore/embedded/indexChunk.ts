/**
 * How the stream index is stored: where the events of a stream are, in chunks of consecutive
 * revisions.
 *
 *   key    length of the stream's name in bytes (2), the name in UTF-8, the chunk's first revision (6)
 *   value  CRC-32 of the key and of what follows (4), position of the first (6), then the distance from
 *          each to the next, as varints
 *
 * The checksum is there because a stream that seems to end earlier than it does would be given the same
 * revision twice. All numbers big endian, so a stream's chunks lie together in order, and its last chunk says which
 * revision is its last.
 */
import { crc32 } from 'node:zlib';
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import { readVarint, VARINT_BYTES_MAX, writeVarint } from './varint.ts';

/** Keeps a chunk, which is rewritten as it grows, well below half a page. */
export const CHUNK_EVENTS_MAX = 256;
/** The greatest that fits into a key. */
export const REVISION_MAX = 2 ** 48 - 1;

const LENGTH_BYTES = 2;
const CHECKSUM_BYTES = 4;
const NUMBER_BYTES = 6;

/** Positions of consecutive revisions, the first of which is `first`. */
export type Chunk = Readonly<{ first: Revision; positions: readonly Position[] }>;

export const lastOf = ({ first, positions }: Chunk): Revision => first + positions.length - 1;

export const chunkKey = (stream: string, first: Revision): Buffer => {
  const name = Buffer.byteLength(stream);
  const key = Buffer.allocUnsafe(LENGTH_BYTES + name + NUMBER_BYTES);
  key.writeUInt16BE(name);
  key.write(stream, LENGTH_BYTES, name, 'utf8');
  key.writeUIntBE(first, LENGTH_BYTES + name, NUMBER_BYTES);
  return key;
};

/**
 * The index says what it was not given to say. Nothing is lost by that: it is made from the log.
 */
export class DamagedIndex extends Error {
  override name = 'DamagedIndex';

  constructor(stream: string) {
    super(
      `the stream index is damaged at ${stream}: stop the server, remove the folder "index" beside the log ` +
        'itself, and start again, which makes it anew from the log',
    );
  }
}

export const encodeChunk = (key: Uint8Array, positions: readonly Position[]): Buffer => {
  const value = Buffer.allocUnsafe(
    CHECKSUM_BYTES + NUMBER_BYTES + positions.length * VARINT_BYTES_MAX,
  );
  let previous = positions[0] ?? 0;
  let at = value.writeUIntBE(previous, CHECKSUM_BYTES, NUMBER_BYTES);
  for (let index = 1; index < positions.length; index++) {
    const position = positions[index] ?? previous;
    at = writeVarint(position - previous, value, at);
    previous = position;
  }
  const whole = value.subarray(0, at);
  whole.writeUInt32BE(checksum(key, whole));
  return whole;
};

/** @throws DamagedIndex */
export const decodeChunk = (key: Uint8Array, value: Buffer): Chunk => {
  if (
    value.length < CHECKSUM_BYTES + NUMBER_BYTES ||
    value.readUInt32BE(0) !== checksum(key, value)
  )
    throw new DamagedIndex(streamIn(key));
  const first = Buffer.from(key).readUIntBE(key.length - NUMBER_BYTES, NUMBER_BYTES);
  let position = value.readUIntBE(CHECKSUM_BYTES, NUMBER_BYTES);
  const positions = [position];
  for (const cursor = { at: CHECKSUM_BYTES + NUMBER_BYTES }; cursor.at < value.length;) {
    position += readVarint(value, cursor);
    positions.push(position);
  }
  return { first, positions };
};

const checksum = (key: Uint8Array, value: Buffer): number =>
  crc32(value.subarray(CHECKSUM_BYTES), crc32(key));

const streamIn = (key: Uint8Array): string =>
  Buffer.from(key.subarray(LENGTH_BYTES, key.length - NUMBER_BYTES)).toString('utf8');
