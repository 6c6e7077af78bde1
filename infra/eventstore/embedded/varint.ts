/** Of the numbers we have: 2^53 takes eight bytes. */
export const VARINT_BYTES_MAX = 8;

/** A cursor that a reader of a record moves on. */
export type Cursor = { at: number };

/**
 * Seven bits a byte, lowest first; all but the last have the high bit set. Returns where it ends.
 */
export const writeVarint = (value: number, target: Buffer, start: number): number => {
  let at = start;
  let rest = value;
  // Division, not shifts: revisions and positions may go beyond 32 bits.
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[at++] = (rest % 0x80) | 0x80;
  target[at++] = rest;
  return at;
};

export const readVarint = (record: Buffer, cursor: Cursor): number => {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = record.readUInt8(cursor.at++);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 0x80;
  }
};
