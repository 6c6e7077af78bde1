import { asBuffer, utf8 } from './bytes.ts';
import { malformed } from './malformed.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const FIXED32 = 5;
/** The wire types of proto3. Groups (3, 4) are older than it, and no SDK sends any. */
export type WireType = typeof VARINT | typeof FIXED64 | typeof DELIMITED | typeof FIXED32;

const FIELD_NUMBER_MAX = 2 ** 29 - 1;
const HIGH_MAX = 2 ** 21;

/**
 * Reads one protobuf message from front to back. Nothing is taken on trust: what does not fit into what
 * is left, or is no UTF-8 or no exact number, throws MalformedFrame.
 */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;
  /** The two halves of the varint read last, each unsigned. */
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
    this.#end = bytes.length;
  }

  ended(): boolean {
    return this.#at >= this.#end;
  }

  /** The next tag: field number × 8 + wire type. */
  tag(): number {
    this.#varint();
    const tag = this.#high * 2 ** 32 + this.#low;
    if (tag < 8 || tag > FIELD_NUMBER_MAX * 8 + 7) malformed(`protobuf tag ${tag}`);
    return tag;
  }

  /** Passes over the value of a field nobody here knows. */
  skip(wire: number): void {
    switch (wire) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#take(8);
        return;
      case DELIMITED:
        this.#take(this.#length());
        return;
      case FIXED32:
        this.#take(4);
        return;
      default:
        malformed(`protobuf wire type ${wire}`);
    }
  }

  int64(): number {
    this.#varint();
    const high = this.#high | 0;
    if (high >= HIGH_MAX || high < -HIGH_MAX) malformed('a number of more than 53 bits');
    const value = high * 2 ** 32 + this.#low;
    if (value === -(2 ** 53)) malformed('a number of more than 53 bits');
    return value;
  }

  /** The low half of a varint, as proto3 wants an int32 to be read. */
  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  flag(): boolean {
    this.#varint();
    return this.#low !== 0 || this.#high !== 0;
  }

  text(): string {
    const length = this.#length();
    const start = this.#take(length);
    return utf8(this.#bytes, start, start + length);
  }

  bytes(): Uint8Array {
    const length = this.#length();
    const start = this.#take(length);
    return Buffer.from(this.#bytes.subarray(start, start + length));
  }

  /** Narrows the reader to the message or packed list that begins here; `leave` undoes it. */
  enter(): number {
    const length = this.#length();
    const outer = this.#end;
    if (length > outer - this.#at) malformed('a length beyond the end');
    this.#end = this.#at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#end = outer;
  }

  /** Moves past `length` bytes and says where they begin. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) malformed('a length beyond the end');
    this.#at = start + length;
    return start;
  }

  #length(): number {
    this.#varint();
    if (this.#high !== 0) malformed('a length beyond the end');
    return this.#low;
  }

  #byte(): number {
    if (this.#at >= this.#end) malformed('the message ends in the middle of a number');
    return this.#bytes[this.#at++] ?? 0;
  }

  #varint(): void {
    let byte = this.#byte();
    let low = byte & 0x7f;
    this.#high = 0;
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = this.#byte();
      low |= (byte & 0x7f) << shift;
    }
    if (byte >= 0x80) {
      byte = this.#byte();
      low |= (byte & 0x7f) << 28;
      let high = (byte & 0x7f) >>> 4;
      for (let shift = 3; byte >= 0x80 && shift <= 31; shift += 7) {
        byte = this.#byte();
        if (shift === 31 && byte > 1) malformed('a varint of more than 64 bits');
        high |= (byte & 0x7f) << shift;
      }
      this.#high = high >>> 0;
    }
    this.#low = low >>> 0;
  }
}
