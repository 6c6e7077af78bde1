import type { EventId, Millis, Seq } from '../kernel/ids.ts';

/** A repeated send is known for certain among this many newest messages … */
export const WINDOW_MESSAGES = 256;
/** … and, beyond them, for this long … */
export const WINDOW_MS = 15 * 60 * 1000;
/** … but never among more than these: a group that writes faster has a shorter window. */
export const WINDOW_MESSAGES_MAX = 4_096;

type Entry = Readonly<{ id: EventId; seq: Seq; sendTime: Millis }>;

/** What the versions of a window share: entries in the order of their numbers, and where each id stands. */
type Shared = {
  /** `entries[i]` is number `firstSeq + i`; numbers without a message leave a hole. */
  entries: (Entry | undefined)[];
  firstSeq: Seq;
  index: Map<EventId, Seq>;
};

/**
 * The newest messages of a conversation, by event id. A value: `with` gives a new window and leaves the
 * old one as it was. Versions share their entries, for a copy at every message would cost more than all
 * the rest of sending: a later version writes only behind the end of an earlier one, and an entry counts
 * for a version only up to that version's end. If a version is given up (its append was refused), the
 * next one overwrites what it had put there.
 */
export class SentWindow {
  readonly #shared: Shared;
  readonly #end: Seq;
  /** Messages before this number are not in the window; 1 when it reaches back to the first. */
  readonly from: Seq;

  private constructor(shared: Shared, end: Seq, from: Seq) {
    this.#shared = shared;
    this.#end = end;
    this.from = from;
  }

  static empty(): SentWindow {
    return new SentWindow({ entries: [], firstSeq: 1, index: new Map() }, 0, 1);
  }

  /** A window that begins at a number: what stands before it is in the log only. */
  static startingAt(from: Seq): SentWindow {
    return new SentWindow({ entries: [], firstSeq: from, index: new Map() }, from - 1, from);
  }

  get size(): number {
    return this.#end - this.from + 1;
  }

  find(id: EventId): Entry | undefined {
    const seq = this.#shared.index.get(id);
    if (seq === undefined || seq > this.#end || seq < this.from) return undefined;
    const entry = this.#shared.entries[seq - this.#shared.firstSeq];
    return entry?.id === id ? entry : undefined;
  }

  /** Send time of the oldest message in the window. */
  get oldest(): Millis | undefined {
    return this.#shared.entries[this.from - this.#shared.firstSeq]?.sendTime;
  }

  /** Whether every message of the last 15 minutes is in it, so that a fresh one is known for certain. */
  isWide(now: Millis): boolean {
    if (this.from === 1 || this.size < WINDOW_MESSAGES_MAX) return true;
    return this.oldest !== undefined && now - this.oldest >= WINDOW_MS;
  }

  with(entry: Entry): SentWindow {
    // Every conversation begins with the one empty window there is: none may write into it.
    if (this.size === 0) return SentWindow.startingAt(this.from).#with(entry);
    return this.#with(entry);
  }

  #with(entry: Entry): SentWindow {
    const { entries, index } = this.#shared;
    const at = entry.seq - this.#shared.firstSeq;
    for (const left of entries.splice(at)) {
      if (left !== undefined && index.get(left.id) === left.seq) index.delete(left.id);
    }
    entries[at] = entry;
    const from = this.#trimmed(entry);
    // The first of two equal ids is the message; a later one is a double that readers leave out.
    const first = index.get(entry.id);
    if (first === undefined || first < from) index.set(entry.id, entry.seq);
    return new SentWindow(this.#shared, entry.seq, from);
  }

  #trimmed({ seq, sendTime }: Entry): Seq {
    let from = this.from;
    for (; seq - from + 1 > WINDOW_MESSAGES; from++) {
      const oldest = this.#shared.entries[from - this.#shared.firstSeq];
      const overCap = seq - from + 1 > WINDOW_MESSAGES_MAX;
      if (!overCap && oldest !== undefined && sendTime - oldest.sendTime <= WINDOW_MS) break;
    }
    this.#compact(from);
    return from;
  }

  /** Lets go of entries long out of every window; rarely, so that its cost does not show. */
  #compact(from: Seq): void {
    const shared = this.#shared;
    const gone = from - shared.firstSeq;
    if (gone < WINDOW_MESSAGES_MAX) return;
    for (const entry of shared.entries.splice(0, gone)) {
      if (entry !== undefined && shared.index.get(entry.id) === entry.seq) {
        shared.index.delete(entry.id);
      }
    }
    shared.firstSeq = from;
  }
}
