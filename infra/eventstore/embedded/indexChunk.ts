/**
 * How the stream index is stored: where the events of a stream are, in chunks of consecutive
 * revisions.
 *
 *   key    length of the stream's name in bytes (2), the name in UTF-8, the chunk's first revision (6)
 *   value  position of the first (6), then the distance from each to the next, as varints
 *
 * All numbers big endian, so a stream's chunks lie together in order, and its last chunk says which
 * revision is its last.
 */
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import { readVarint, VARINT_BYTES_MAX, writeVarint } from './varint.ts';

/** Keeps a chunk, which is rewritten as it grows, well below half a page. */
export const CHUNK_EVENTS_MAX = 256;
/** The greatest that fits into a key. */
export const REVISION_MAX = 2 ** 48 - 1;

const LENGTH_BYTES = 2;
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

export const encodePositions = (positions: readonly Position[]): Buffer => {
  const value = Buffer.allocUnsafe(NUMBER_BYTES + positions.length * VARINT_BYTES_MAX);
  let previous = positions[0] ?? 0;
  value.writeUIntBE(previous, 0, NUMBER_BYTES);
  let at = NUMBER_BYTES;
  for (let index = 1; index < positions.length; index++) {
    const position = positions[index] ?? previous;
    at = writeVarint(position - previous, value, at);
    previous = position;
  }
  return value.subarray(0, at);
};

export const decodeChunk = (key: Uint8Array, value: Buffer): Chunk => {
  const first = Buffer.from(key).readUIntBE(key.length - NUMBER_BYTES, NUMBER_BYTES);
  let position = value.readUIntBE(0, NUMBER_BYTES);
  const positions = [position];
  for (const cursor = { at: NUMBER_BYTES }; cursor.at < value.length;) {
    position += readVarint(value, cursor);
    positions.push(position);
  }
  return { first, positions };
};
