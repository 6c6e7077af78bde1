/**
 * How an event is stored: one record for each, in the table `log`, under its position (6 bytes, big
 * endian: LMDB then keeps them in `$all` order).
 *
 *   bytes     what
 *   0–3       CRC-32 of all that follows, begun with the position, so that a record moved elsewhere shows
 *   4         format: the low four bits are the version, 1; the high four are flags, none given yet
 *             (there is room for "not JSON" and "tombstone", which EventStoreDB's protocol knows)
 *   5–20      event id, the 16 bytes of the UUID in the order they are written
 *   21–26     created, milliseconds since 1970
 *   then      revision, varint
 *             stream: length in bytes, varint; UTF-8
 *             type: length in bytes, varint; UTF-8
 *             metadata: length, varint; bytes
 *             data: bytes, to the end
 *
 * That is 31 bytes and more beside the names, metadata and data themselves. Stream metadata
 * (`$$…`), `$metadata` and links are ordinary events here.
 */
import { crc32 } from 'node:zlib';
import type { StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { EventId, Position } from '../../../core/kernel/ids.ts';
import { readVarint, VARINT_BYTES_MAX, writeVarint, type Cursor } from './varint.ts';

const FORMAT_VERSION = 1;
const FORMAT_VERSION_MASK = 0x0f;
const CHECKED_FROM = 4;
const FORMAT_AT = 4;
const ID_AT = 5;
const CREATED_AT = 21;
const HEADER_BYTES = 27;
const VARINTS = 4;

/**
 * The log holds something at this position that is no whole event, or nothing where one must be.
 */
export class DamagedRecord extends Error {
  override name = 'DamagedRecord';
  readonly position: Position;

  constructor(position: Position, what: string) {
    super(`the log is damaged at position ${position}: ${what}`);
    this.position = position;
  }
}

/** An upper bound, to take one piece of memory for many records. */
export const recordBytesMax = ({ stream, type, metadata, data }: StoredEvent): number =>
  HEADER_BYTES +
  VARINTS * VARINT_BYTES_MAX +
  // A UTF-16 unit becomes at most three bytes.
  3 * (stream.length + type.length) +
  metadata.byteLength +
  data.byteLength;

/** Writes the record at an offset and returns where it ends. */
export const encodeRecord = (event: StoredEvent, target: Buffer, start: number): number => {
  target[start + FORMAT_AT] = FORMAT_VERSION;
  writeId(event.id, target, start + ID_AT);
  target.writeUIntBE(event.created, start + CREATED_AT, 6);
  let at = writeVarint(event.revision, target, start + HEADER_BYTES);
  at = writeString(event.stream, target, at);
  at = writeString(event.type, target, at);
  at = writeVarint(event.metadata.byteLength, target, at);
  target.set(event.metadata, at);
  at += event.metadata.byteLength;
  target.set(event.data, at);
  at += event.data.byteLength;
  target.writeUInt32BE(checksum(target.subarray(start, at), event.position), start);
  return at;
};

/** @throws DamagedRecord when these are not the bytes that were written at this position. */
export const decodeRecord = (position: Position, record: Buffer | undefined): StoredEvent => {
  if (record === undefined) throw new DamagedRecord(position, 'there is no record');
  if (record.length < HEADER_BYTES) throw new DamagedRecord(position, 'the record is cut short');
  if (record.readUInt32BE(0) !== checksum(record, position))
    throw new DamagedRecord(position, 'the checksum is another');
  const version = record.readUInt8(FORMAT_AT) & FORMAT_VERSION_MASK;
  if (version !== FORMAT_VERSION)
    throw new DamagedRecord(position, `format ${version} is not known to this version of Seqline`);
  const cursor = { at: HEADER_BYTES };
  const revision = readVarint(record, cursor);
  const stream = readString(record, cursor);
  const type = readString(record, cursor);
  const metadata = readBytes(record, cursor, readVarint(record, cursor));
  const data = record.subarray(cursor.at);
  const created = record.readUIntBE(CREATED_AT, 6);
  return { id: readId(record), type, data, metadata, stream, revision, position, created };
};

/** Of what stream a damaged record seems to be: only a hint, for nothing in it is certain. */
export const streamSuspected = (record: Buffer): string | undefined => {
  try {
    const cursor = { at: HEADER_BYTES };
    readVarint(record, cursor);
    const stream = readString(record, cursor);
    return /^[\w-]+$/.test(stream) ? stream : undefined;
  } catch {
    // What does not even have a length there tells nothing.
    return undefined;
  }
};

const checksum = (record: Buffer, position: Position): number =>
  crc32(record.subarray(CHECKED_FROM), position % 0x1_0000_0000);

const writeId = (id: EventId, target: Buffer, at: number): void => {
  target.write(id.slice(0, 8), at, 'hex');
  target.write(id.slice(9, 13), at + 4, 'hex');
  target.write(id.slice(14, 18), at + 6, 'hex');
  target.write(id.slice(19, 23), at + 8, 'hex');
  target.write(id.slice(24), at + 10, 'hex');
};

const readId = (record: Buffer): EventId => {
  const hex = record.toString('hex', ID_AT, ID_AT + 16);
  const [first, last] = [hex.slice(0, 8), hex.slice(20)];
  const middle = `${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}`;
  // The checksum has been compared: these are the bytes of an id that was checked before it was
  // stored.
  return `${first}-${middle}-${last}` as EventId;
};

const writeString = (text: string, target: Buffer, start: number): number => {
  const bytes = Buffer.byteLength(text);
  const at = writeVarint(bytes, target, start);
  target.write(text, at, bytes, 'utf8');
  return at + bytes;
};

const readString = (record: Buffer, cursor: Cursor): string =>
  readBytes(record, cursor, readVarint(record, cursor)).toString('utf8');

const readBytes = (record: Buffer, cursor: Cursor, length: number): Buffer => {
  const bytes = record.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  return bytes;
};
