const VARINT = 0;
const DELIMITED = 2;
const CAPACITY_USUAL = 256;

/**
 * Writes a message from its end to its beginning: the last field first, and each message within it after
 * its fields, when its length is known. So nothing is measured beforehand and nothing is moved.
 */
export class MessageWriter {
  #bytes: Buffer;
  #at: number;

  constructor(capacity: number = CAPACITY_USUAL) {
    this.#bytes = Buffer.allocUnsafe(capacity);
    this.#at = capacity;
  }

  /** Zero is written too: within a `oneof` it is a value like others. */
  uint(field: number, value: number | bigint): void {
    this.#varint(value);
    this.#varint(field * 8 + VARINT);
  }

  flag(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#room(length);
    this.#at -= length;
    this.#bytes.write(value, this.#at, 'utf8');
    this.#delimited(field, length);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#room(value.byteLength);
    this.#at -= value.byteLength;
    this.#bytes.set(value, this.#at);
    this.#delimited(field, value.byteLength);
  }

  /** A message without fields: that it is there is what it says. */
  empty(field: number): void {
    this.#delimited(field, 0);
  }

  /** Where the fields of a message within this one begin, which is its end; for `close`. */
  open(): number {
    return this.#bytes.length - this.#at;
  }

  close(field: number, opened: number): void {
    this.#delimited(field, this.#bytes.length - this.#at - opened);
  }

  message(field: number, write: (writer: MessageWriter) => void): void {
    const opened = this.open();
    write(this);
    this.close(field, opened);
  }

  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  #delimited(field: number, length: number): void {
    this.#varint(length);
    this.#varint(field * 8 + DELIMITED);
  }

  #varint(value: number | bigint): void {
    this.#room(10);
    if (typeof value === 'bigint') return this.#bigVarint(value);
    if (value < 0x80) {
      this.#bytes[--this.#at] = value;
      return;
    }
    let at = this.#at - varintBytes(value);
    this.#at = at;
    // Division, not shifts: positions go beyond 32 bits.
    for (; value >= 0x80; value = Math.floor(value / 0x80))
      this.#bytes[at++] = (value % 0x80) | 0x80;
    this.#bytes[at] = value;
  }

  #bigVarint(value: bigint): void {
    const groups: number[] = [];
    for (; value >= 0x80n; value >>= 7n) groups.push(Number(value & 0x7fn) | 0x80);
    groups.push(Number(value));
    this.#at -= groups.length;
    this.#bytes.set(groups, this.#at);
  }

  #room(wanted: number): void {
    if (this.#at >= wanted) return;
    const used = this.#bytes.subarray(this.#at);
    const larger = Buffer.allocUnsafe(2 * (used.length + wanted) + CAPACITY_USUAL);
    this.#at = larger.length - used.length;
    larger.set(used, this.#at);
    this.#bytes = larger;
  }
}

const varintBytes = (value: number): number => {
  let count = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++;
  return count;
};
