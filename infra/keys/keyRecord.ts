/*
 * One record for each user: the number of its newest key in 4 bytes (big-endian), then the key. A record
 * without a key is what destruction leaves: the number stays taken, so that a user who comes back gets
 * another one and old data stays erased.
 */
const ID_BYTES = 4;
export const KEY_BYTES = 32;

/** A key, or (without `key`) the number up to which all keys have been destroyed. */
export type KeyRecord = Readonly<{ id: number; key?: Uint8Array }>;

export const isRecord = ({ length }: Buffer): boolean =>
  length === ID_BYTES || length === ID_BYTES + KEY_BYTES;

export const keptIn = (bytes: Buffer | undefined): KeyRecord =>
  bytes === undefined ? { id: 0 } : recordOf(bytes);

export const recordOf = (bytes: Buffer): KeyRecord => {
  const id = bytes.readUInt32BE(0);
  if (bytes.length === ID_BYTES) return { id };
  if (bytes.length === ID_BYTES + KEY_BYTES) {
    return { id, key: Uint8Array.from(bytes.subarray(ID_BYTES)) };
  }
  throw new Error(`the key store is damaged: a record of ${bytes.length} bytes`);
};

export const recordBytes = ({ id, key }: KeyRecord): Buffer => {
  const bytes = Buffer.alloc(ID_BYTES + (key?.length ?? 0));
  bytes.writeUInt32BE(id, 0);
  if (key !== undefined) bytes.set(key, ID_BYTES);
  return bytes;
};
