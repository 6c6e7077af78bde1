import { isUtf8 } from 'node:buffer';
import { malformed } from './malformed.ts';

/** The same memory as a Buffer, which has the faster conversions. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The text from `start` to `end`, or MalformedFrame where it is not UTF-8. */
export const utf8 = (bytes: Buffer, start: number, end: number): string => {
  const text = bytes.toString('utf8', start, end);
  // A replacement character is what is left of bad bytes, unless the sender meant it.
  if (text.includes('\uFFFD') && !isUtf8(bytes.subarray(start, end))) malformed('not UTF-8');
  return text;
};
