import type { WireType } from './protobufReader.ts';

const CAPACITY_FIRST = 512;
/** Bytes of the longest varint. */
const VARINT_BYTES_MAX = 10;
/** Up to this many characters a text is written byte by byte, in the hope that it is ASCII. */
const SHORT_TEXT_MAX = 48;

/** Writes one protobuf message into a buffer that grows; `finish` hands over what has been written. */
export class Writer {
  #bytes: Buffer;
  #at = 0;

  /** `capacity`: about as many bytes as will be written, where that is known. */
  constructor(capacity = CAPACITY_FIRST) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** The bytes written; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  tag(number: number, wire: WireType): void {
    this.int64(number * 8 + wire);
  }

  int64(value: number): void {
    this.#reserve(VARINT_BYTES_MAX);
    if (value >= 0x80) this.#unsigned(value);
    else if (value >= 0) this.#bytes[this.#at++] = value;
    else this.#negative(value);
  }

  text(value: string): void {
    const { length } = value;
    if (length <= SHORT_TEXT_MAX && this.#ascii(value)) return;
    const bytes = Buffer.byteLength(value);
    this.#reserve(VARINT_BYTES_MAX + bytes);
    this.#unsigned(bytes);
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
  }

  bytes(value: Uint8Array): void {
    const { length } = value;
    this.#reserve(VARINT_BYTES_MAX + length);
    this.#unsigned(length);
    this.#bytes.set(value, this.#at);
    this.#at += length;
  }

  /** Begins a message or packed list whose length is not known yet; `close` with what this returns. */
  open(): number {
    this.#reserve(VARINT_BYTES_MAX);
    this.#at += 1;
    return this.#at;
  }

  /** One byte was left for the length. What takes more is moved up to make room. */
  close(start: number): void {
    const length = this.#at - start;
    const room = varintBytes(length);
    if (room > 1) {
      this.#reserve(room);
      this.#bytes.copyWithin(start - 1 + room, start, this.#at);
    }
    this.#at = start - 1;
    this.#unsigned(length);
    this.#at += length;
  }

  #ascii(value: string): boolean {
    const { length } = value;
    this.#reserve(1 + length);
    const bytes = this.#bytes;
    const start = this.#at + 1;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      bytes[start + index] = code;
    }
    bytes[this.#at] = length;
    this.#at = start + length;
    return true;
  }

  #unsigned(value: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = value;
    while (rest >= 2 ** 31) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#at = at;
  }

  /** Two's complement of 64 bits: always ten bytes. */
  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let index = 1; index < VARINT_BYTES_MAX; index++) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  #reserve(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}

const varintBytes = (value: number): number => {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
};
