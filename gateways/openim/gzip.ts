import { crc32, gunzipSync, gzipSync } from 'node:zlib';
import { MalformedFrame } from './malformed.ts';

/** What a frame may become when it is inflated: above any request, far below a bomb's aim. */
export const INFLATED_BYTES_MAX = 1024 * 1024;
/** Frames are small, and zlib allocates this much for each one. */
const CHUNK_BYTES = 1024;

/**
 * Below this many bytes a frame is wrapped without compressing it: setting up deflate costs ten times
 * as much as the bytes that it would save.
 */
export const STORED_BYTES_MAX = 1024;

/** id, method deflate, no flags, no time, no extra flags, system unknown (as Go writes it). */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** A final block that is stored: its first byte, its length, and the complement of it. */
const BLOCK_HEADER_BYTES = 5;
/** CRC-32 and length. */
const TRAILER_BYTES = 8;

/** One gzip member (RFC 1952). */
export const gzip = (bytes: Uint8Array): Uint8Array =>
  bytes.length < STORED_BYTES_MAX ? gzipStored(bytes) : gzipSync(bytes, { level: 1 });

const gzipStored = (bytes: Uint8Array): Uint8Array => {
  const { length } = bytes;
  const frame = Buffer.allocUnsafe(HEADER.length + BLOCK_HEADER_BYTES + length + TRAILER_BYTES);
  HEADER.copy(frame);
  let at = HEADER.length;
  frame[at] = 1;
  at = frame.writeUInt16LE(length, at + 1);
  at = frame.writeUInt16LE(length ^ 0xffff, at);
  frame.set(bytes, at);
  at = frame.writeUInt32LE(crc32(bytes), at + length);
  frame.writeUInt32LE(length, at);
  return frame;
};

/** The whole of what was compressed, or MalformedFrame where it is damaged, cut off or too long. */
export const gunzip = (bytes: Uint8Array): Uint8Array => {
  try {
    return gunzipSync(bytes, { maxOutputLength: INFLATED_BYTES_MAX, chunkSize: CHUNK_BYTES });
  } catch (error) {
    throw new MalformedFrame('not a gzip stream of acceptable length', { cause: error });
  }
};
