/** Bytes that are no protobuf message, or not the one that was asked for. */
export class Malformed extends Error {
  override name = 'Malformed';
}

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const VARINT_BYTES_MAX = 10;

/**
 * Goes through the fields of one message. Whatever lengths a message claims, nothing outside it is
 * looked at, and what is handed out are views of its bytes.
 */
export class MessageReader {
  /** Of the field that `next` has come to. */
  field = 0;
  #wire = VARINT;
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether there is another field; its value must be read, or skipped, before the one after it. */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wire = tag % 8;
    if (this.field === 0) throw new Malformed('a field has the number 0');
    return true;
  }

  /** A whole number; one that is not exact here is at least `Number.MAX_SAFE_INTEGER`. */
  uint(): number {
    this.#expect(VARINT);
    return this.#varint();
  }

  flag(): boolean {
    return this.uint() !== 0;
  }

  /** All 64 bits of a number. */
  bits(): bigint {
    this.#expect(VARINT);
    let value = 0n;
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Malformed('a number has no end');
  }

  bytes(): Buffer {
    this.#expect(DELIMITED);
    const start = this.#skipBytes(this.#varint());
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    this.#expect(DELIMITED);
    const start = this.#skipBytes(this.#varint());
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /** The message that is this field's value. */
  message(): MessageReader {
    return new MessageReader(this.bytes());
  }

  skip(): void {
    switch (this.#wire) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#skipBytes(8);
        return;
      case DELIMITED:
        this.#skipBytes(this.#varint());
        return;
      case FIXED32:
        this.#skipBytes(4);
        return;
      default:
        throw new Malformed(`a field is of wire type ${this.#wire}`);
    }
  }

  #expect(wire: number): void {
    if (this.#wire !== wire)
      throw new Malformed(`field ${this.field} is of wire type ${this.#wire}, not ${wire}`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Malformed('the message is cut short');
    return byte;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = this.#byte();
      // Multiplication, not shifts: these are numbers of 64 bits.
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new Malformed('a number has no end');
  }

  /** Returns where they began. */
  #skipBytes(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) throw new Malformed('the message is cut short');
    this.#at = start + count;
    return start;
  }
}
