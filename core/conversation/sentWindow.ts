import type { EventId, Millis, Seq } from '../kernel/ids.ts';
import { fingerprintOf, Generation, GENERATION_MAX } from './generation.ts';

/** A repeated send is known among this many newest messages … */
export const WINDOW_MESSAGES = 256;
/** … and, beyond them, for this long, as far as the memory of all windows goes. */
export const WINDOW_MS = 15 * 60 * 1000;
/**
 * What is let go of goes by the generation, once all of it is old. More of them would keep less that is
 * old, and each costs every search a look into memory that is far away.
 */
export const GENERATION_MS = WINDOW_MS / 4;
/** Below this a generation costs more than what is in it. */
const GENERATION_MIN = WINDOW_MESSAGES;

export type SentEntry = Readonly<{ id: EventId; seq: Seq; sendTime: Millis }>;

/** What the versions of a window share. */
type Shared = {
  /** Oldest first, without a gap between them; at least one, but in a window that nothing is in yet. */
  generations: Generation[];
  /** Messages before this number are not in it; 1 when it reaches back to the first. */
  from: Seq;
  /** No message before `from` was sent later than this. */
  before: Millis;
  bytes: number;
};

/**
 * The newest messages of a conversation, by event id. What it does not find is surely not among them; what
 * it finds is the number of the message that has this id or, very rarely, another with the same
 * fingerprint: only the log can tell.
 *
 * A value: `with` gives a new window and leaves the old one as it was. Versions share their entries, for a
 * copy at every message would cost more than all the rest of sending: a later version writes only behind
 * the end of an earlier one, and an entry counts for a version only up to that version's end. If a version
 * is given up (its append was refused), the next one overwrites what it had put there. How far back it
 * reaches is the same for all versions.
 */
export class SentWindow {
  readonly #shared: Shared;
  readonly #end: Seq;

  private constructor(shared: Shared, end: Seq) {
    this.#shared = shared;
    this.#end = end;
  }

  static empty(): SentWindow {
    return SentWindow.startingAt(1, -Infinity);
  }

  /** A window that begins at a number. What stands before it was sent at that time at the latest. */
  static startingAt(from: Seq, before: Millis): SentWindow {
    return new SentWindow({ generations: [], from, before, bytes: 0 }, from - 1);
  }

  /** Messages before this number are not in the window; 1 when it reaches back to the first. */
  get from(): Seq {
    return this.#shared.from;
  }

  /** Memory taken by all versions together. */
  get bytes(): number {
    return this.#shared.bytes;
  }

  /** Whether every message sent after that time is in it. Of `-Infinity`: every message there is. */
  reachesBackTo(time: Millis): boolean {
    return this.#shared.before <= time;
  }

  /** The first number after `after` (0: of all) that may be the message of this id; none: surely none. */
  find(id: EventId, after: Seq = 0): Seq | undefined {
    const fingerprint = fingerprintOf(id);
    for (const generation of this.#shared.generations) {
      if (generation.first > this.#end) return undefined;
      const found = generation.find(fingerprint, after, this.#end);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  with({ id, seq, sendTime }: SentEntry): SentWindow {
    const shared = this.#own();
    const newest = generationFor(shared, seq, sendTime);
    const bytes = newest.bytes;
    newest.add(seq, fingerprintOf(id), sendTime);
    shared.bytes += newest.bytes - bytes;
    letGo(shared, seq, sendTime);
    return new SentWindow(shared, seq);
  }

  /** Lets go of its oldest part, in all its versions, if there is more than one. */
  shorten(): void {
    if (this.#shared.generations.length > 1) dropOldest(this.#shared);
  }

  /**
   * Takes in what stands right before it, oldest first; what is before that was sent at that time at the
   * latest. False, and nothing is done, if it does not begin there any more.
   */
  lengthen(older: readonly SentEntry[], before: Millis): boolean {
    const [oldest, newest] = [older[0], older.at(-1)];
    const shared = this.#shared;
    if (oldest === undefined || newest?.seq !== shared.from - 1) return false;
    const generation = new Generation(oldest.seq, oldest.sendTime);
    for (const { id, seq, sendTime } of older) generation.add(seq, fingerprintOf(id), sendTime);
    generation.close();
    shared.generations.unshift(generation);
    shared.from = oldest.seq;
    shared.before = before;
    shared.bytes += generation.bytes;
    return true;
  }

  /** Every conversation begins with the one empty window there is: none may write into it. */
  #own(): Shared {
    const shared = this.#shared;
    return shared.generations.length > 0 ? shared : { ...shared, generations: [] };
  }
}

/** The generation that number `seq` goes into; whatever stands there or behind it has been given up. */
const generationFor = (shared: Shared, seq: Seq, sendTime: Millis): Generation => {
  const { generations } = shared;
  let newest = generations.at(-1);
  while (newest !== undefined && newest.first >= seq) {
    generations.pop();
    shared.bytes -= newest.bytes;
    newest = generations.at(-1);
  }
  if (newest === undefined) {
    if (seq > shared.from) shared.before = Math.max(shared.before, sendTime);
    shared.from = seq;
  } else {
    newest.cutAt(seq);
    if (!isFull(newest, seq, sendTime)) return newest;
    shared.bytes -= newest.bytes;
    newest.close();
    shared.bytes += newest.bytes;
  }
  const made = new Generation(seq, sendTime);
  generations.push(made);
  shared.bytes += made.bytes;
  return made;
};

const isFull = (newest: Generation, seq: Seq, sendTime: Millis): boolean =>
  seq - newest.first >= GENERATION_MAX ||
  (newest.length >= GENERATION_MIN && sendTime - newest.oldest >= GENERATION_MS);

/** Of what is older than the window's time, and not among its newest messages. */
const letGo = (shared: Shared, seq: Seq, sendTime: Millis): void => {
  for (;;) {
    const [oldest, next] = shared.generations;
    if (oldest === undefined || next === undefined) return;
    if (sendTime - oldest.newest <= WINDOW_MS || seq - next.first + 1 < WINDOW_MESSAGES) return;
    dropOldest(shared);
  }
};

const dropOldest = (shared: Shared): void => {
  const [oldest, next] = shared.generations;
  if (oldest === undefined || next === undefined) return;
  shared.generations.shift();
  shared.bytes -= oldest.bytes;
  shared.from = next.first;
  shared.before = Math.max(shared.before, oldest.newest);
};
