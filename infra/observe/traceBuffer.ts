import { assert } from '../../core/kernel/assert.ts';
import type { Millis } from '../../core/kernel/ids.ts';

/** What a record is about: 1 to 15. */
export type RecordKind = number;

/** Kind, length and time of a record stand before its own words. */
const HEADER_WORDS = 2;
const WORD = 2 ** 32;
/** Four bits of the first word are the kind, twelve the length, sixteen the upper part of the time. */
const KIND_SHIFT = 28;
const LENGTH_SHIFT = 16;
const RECORD_WORDS_MAX = 2 ** 12 - 1 - HEADER_WORDS;
const BYTES_PER_WORD = 4;

/** Reads a word of the record that is being looked at. */
type WordOf = (index: number) => number;

/**
 * The newest records, in a fixed piece of memory that is taken at once and touched as it is used: no object
 * is made for a record. When it is full the oldest go, and it says from when on all are there.
 */
export class TraceBuffer {
  readonly #words: Uint32Array;
  /** Times are kept as milliseconds since then. */
  readonly #begun: Millis;
  /** Where the oldest record begins, and where the next one will. */
  #oldest = 0;
  #next = 0;
  #used = 0;
  #count = 0;
  #newest: Millis;
  #lostUpTo: Millis;

  /** `bytes`: as much memory as it takes. */
  constructor(bytes: number, begun: Millis) {
    this.#words = new Uint32Array(Math.floor(bytes / BYTES_PER_WORD));
    this.#begun = begun;
    this.#newest = begun;
    this.#lostUpTo = begun;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes that records take now. */
  get bytes(): number {
    return this.#used * BYTES_PER_WORD;
  }

  /** All records of later than this are here; of that moment and before some may be gone, or were never made. */
  get completeAfter(): Millis {
    return this.#lostUpTo;
  }

  /**
   * Takes a record of `length` words; false if there is no room for one of that size at all. Times never go
   * back: where a clock has, the record gets the time of the one before.
   */
  add(kind: RecordKind, at: Millis, words: Uint32Array, length: number): boolean {
    const size = HEADER_WORDS + length;
    assert(length <= RECORD_WORDS_MAX, 'a record has few words');
    if (size > this.#words.length) return false;
    while (this.#used + size > this.#words.length) this.#drop();
    if (at > this.#newest) this.#newest = at;
    const since = this.#newest - this.#begun;
    const upper = since < WORD ? 0 : Math.floor(since / WORD);
    let place = this.#put(this.#next, (kind << KIND_SHIFT) | (size << LENGTH_SHIFT) | upper);
    // A word takes the lower half of what it is given.
    place = this.#put(place, since);
    for (let index = 0; index < length; index += 1) place = this.#put(place, words[index] ?? 0);
    this.#next = place;
    this.#used += size;
    this.#count += 1;
    return true;
  }

  /** Forgets what is not later than this. */
  forget(upTo: Millis): void {
    while (this.#count > 0 && this.#timeAt(this.#oldest) <= upTo) this.#drop();
    this.#lostUpTo = Math.max(this.#lostUpTo, Math.min(upTo, this.#newest));
  }

  /** Oldest first. `word` is of use during the call only. */
  each(look: (kind: RecordKind, at: Millis, word: WordOf, length: number) => void): void {
    let place = this.#oldest;
    const word: WordOf = (index) => this.#wordAt(place + HEADER_WORDS + index);
    for (let left = this.#count; left > 0; left -= 1) {
      const size = this.#sizeAt(place);
      look(this.#wordAt(place) >>> KIND_SHIFT, this.#timeAt(place), word, size - HEADER_WORDS);
      place = this.#wrapped(place + size);
    }
  }

  /** Where the next word goes. */
  #put(place: number, word: number): number {
    this.#words[place] = word;
    return this.#wrapped(place + 1);
  }

  #drop(): void {
    const size = this.#sizeAt(this.#oldest);
    this.#lostUpTo = Math.max(this.#lostUpTo, this.#timeAt(this.#oldest));
    this.#oldest = this.#wrapped(this.#oldest + size);
    this.#used -= size;
    this.#count -= 1;
  }

  #sizeAt(place: number): number {
    return (this.#wordAt(place) >>> LENGTH_SHIFT) & 0xfff;
  }

  #timeAt(place: number): Millis {
    return this.#begun + (this.#wordAt(place) & 0xffff) * WORD + this.#wordAt(place + 1);
  }

  #wordAt(place: number): number {
    return this.#words[this.#wrapped(place)] ?? 0;
  }

  #wrapped(place: number): number {
    return place >= this.#words.length ? place - this.#words.length : place;
  }
}
