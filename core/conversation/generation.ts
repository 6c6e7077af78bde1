import type { Millis, Seq } from '../kernel/ids.ts';

/** Entries of one generation at most: an entry's place and 1 must fit the lower half of a slot. */
export const GENERATION_MAX = 0xffff;
/** Room for this many to begin with, for most conversations are small. */
const ENTRIES_FIRST = 16;
/** Slots taken, of all: so a search that finds nothing looks at five before it comes to a free one. */
const LOAD_MAX = 2 / 3;
/** What a generation costs beside its arrays' contents: three objects and two buffers. Measured. */
const OVERHEAD_BYTES = 500;

const FREE = 0;
/** Its entry has been given up: not free, for others may stand behind it, and nobody's place. */
const LEFT = 0x1_0000;
const TWO_32 = 2 ** 32;

/**
 * 48 bits of an id, as a whole number. Two ids have the same one once in 2^48, which nobody can bring
 * about for an id that a digest has made, other than by trying; so it says where to look, and no more.
 */
export const fingerprintOf = (id: string): number => {
  let low = 0x811c9dc5;
  let high = 0x2f0b4a47;
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x5bd1e995) ^ (high >>> 15);
  }
  return (stirred(high) >>> 16) * TWO_32 + (stirred(low) >>> 0);
};

/** Lets every bit bear on every other (the last step of MurmurHash 3). */
const stirred = (mixed: number): number => {
  let bits = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
};

/**
 * Fingerprints of a run of messages, and where each stands. Two arrays of numbers, for the collector of
 * garbage neither looks into them nor moves them about: the lower 32 bits of each entry's fingerprint, in
 * the order of the messages, and a table of slots, each of an entry's place and of the fingerprint's upper
 * 16 bits, found by the lower ones and, where that is taken, in the next that is free.
 */
export class Generation {
  /** The number of its first entry. */
  readonly first: Seq;
  /** Times of its first entry and of the newest that it has ever had. */
  readonly oldest: Millis;
  #newest: Millis;
  #lows = new Uint32Array(ENTRIES_FIRST);
  #slots = new Uint32Array(slotsFor(ENTRIES_FIRST));
  #length = 0;
  /** Slots that are not free, those that have been left among them. */
  #taken = 0;

  constructor(first: Seq, oldest: Millis) {
    this.first = first;
    this.oldest = oldest;
    this.#newest = oldest;
  }

  get newest(): Millis {
    return this.#newest;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return OVERHEAD_BYTES + this.#lows.byteLength + this.#slots.byteLength;
  }

  /** Entries of this number and after it are given up: others will have their numbers. */
  cutAt(seq: Seq): void {
    const length = Math.max(0, seq - this.first);
    for (let place = length; place < this.#length; place++) this.#leave(place);
    this.#length = Math.min(this.#length, length);
  }

  /** The next entry. There must be room: fewer than `GENERATION_MAX` numbers from the first one on. */
  add(seq: Seq, fingerprint: number, sendTime: Millis): void {
    const place = seq - this.first;
    const room = this.#lows.length;
    if (place >= room) this.#makeRoom(Math.min(GENERATION_MAX, Math.max(place + 1, room * 2)));
    else if (this.#taken >= this.#slots.length * LOAD_MAX) this.#makeRoom(room);
    const low = fingerprint >>> 0;
    this.#lows[place] = low;
    this.#length = place + 1;
    this.#newest = Math.max(this.#newest, sendTime);
    this.#enter(low, (Math.floor(fingerprint / TWO_32) << 16) | (place + 1));
  }

  /** The first number after one, up to another, that has this fingerprint. */
  find(fingerprint: number, after: Seq, upTo: Seq): Seq | undefined {
    const low = fingerprint >>> 0;
    const high = Math.floor(fingerprint / TWO_32);
    const slots = this.#slots;
    let found: Seq | undefined;
    for (let at = this.#home(low); ; at = at + 1 === slots.length ? 0 : at + 1) {
      const slot = slots[at] ?? FREE;
      if (slot === FREE) return found;
      if (slot >>> 16 !== high) continue;
      const place = (slot & 0xffff) - 1;
      const seq = this.first + place;
      if (place < 0 || seq <= after || seq > upTo || this.#lows[place] !== low) continue;
      if (found === undefined || seq < found) found = seq;
    }
  }

  /** No more entries will come: gives back the room that was kept for them. */
  close(): void {
    this.#makeRoom(this.#length);
  }

  #makeRoom(entries: number): void {
    const { length } = this;
    const [lows, slots] = [this.#lows, this.#slots];
    this.#lows = new Uint32Array(Math.max(entries, 1));
    this.#lows.set(lows.subarray(0, length));
    this.#slots = new Uint32Array(slotsFor(entries));
    this.#taken = 0;
    for (const slot of slots) {
      if (slot !== FREE && slot !== LEFT) this.#enter(lows[(slot & 0xffff) - 1] ?? 0, slot);
    }
  }

  #enter(low: number, slot: number): void {
    let at = this.#home(low);
    while (this.#slots[at] !== FREE && this.#slots[at] !== LEFT) at = this.#next(at);
    if (this.#slots[at] === FREE) this.#taken += 1;
    this.#slots[at] = slot;
  }

  #leave(place: number): void {
    let at = this.#home(this.#lows[place] ?? 0);
    while (((this.#slots[at] ?? FREE) & 0xffff) !== place + 1) {
      // A number without an entry.
      if (this.#slots[at] === FREE) return;
      at = this.#next(at);
    }
    this.#slots[at] = LEFT;
  }

  #home(low: number): number {
    return Math.floor((low / TWO_32) * this.#slots.length);
  }

  #next(at: number): number {
    return at + 1 === this.#slots.length ? 0 : at + 1;
  }
}

/** One more than the load asks for: there is always a free one to end a search. */
const slotsFor = (entries: number): number => Math.ceil(entries / LOAD_MAX) + 1;
