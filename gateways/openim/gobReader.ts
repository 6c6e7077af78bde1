import { asBuffer, utf8 } from './bytes.ts';
import { malformed } from './malformed.ts';

/** A gob number is at most 64 bits. */
const UINT_BYTES_MAX = 8;

/**
 * Reads Go's gob primitives from front to back (gateway reference 2.5.1). Every length is held against
 * what is left before anything is done with it.
 */
export class GobReader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
    this.#end = bytes.length;
  }

  ended(): boolean {
    return this.#at >= this.#end;
  }

  /** Narrows the reader to the message that begins here, whose length comes first. */
  enterMessage(): void {
    this.#end = this.#bytes.length;
    const length = this.length();
    this.#end = this.#at + length;
  }

  /** A message must be used up to its last byte. */
  leaveMessage(): void {
    if (this.#at !== this.#end) malformed('a gob message is longer than what it holds');
    this.#end = this.#bytes.length;
  }

  /** May be rounded beyond 2^53: whoever needs it exact has to check. */
  uint(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = 256 - first;
    if (count > UINT_BYTES_MAX) malformed('a gob number of more than 64 bits');
    let value = 0;
    for (let index = 0; index < count; index++) value = value * 256 + this.#byte();
    return value;
  }

  int(): number {
    const value = this.uint();
    if (value > Number.MAX_SAFE_INTEGER) malformed('a gob number of more than 53 bits');
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Of something that takes at least one byte for each it counts. */
  length(): number {
    const length = this.uint();
    if (length > this.#end - this.#at) malformed('a gob length beyond the end');
    return length;
  }

  skip(count: number): void {
    this.#at += count;
  }

  text(): string {
    const length = this.length();
    const start = this.#at;
    this.#at += length;
    return utf8(this.#bytes, start, this.#at);
  }

  /** A copy: a socket's library may take back the memory of a frame once it has been handled. */
  bytes(): Uint8Array {
    const length = this.length();
    const copy = Buffer.allocUnsafe(length);
    this.#bytes.copy(copy, 0, this.#at, this.#at + length);
    this.#at += length;
    return copy;
  }

  #byte(): number {
    if (this.#at >= this.#end) malformed('a gob message ends in the middle of a number');
    return this.#bytes[this.#at++] ?? 0;
  }
}
