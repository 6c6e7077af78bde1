import type { NumberedEvent } from '../../core/conversation/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Millis, Position, Seq } from '../../core/kernel/ids.ts';
import type { Log } from '../log.ts';
import type { NumbersOf } from '../ports.ts';
import type { Wait } from './hold.ts';
import type { Topic } from './interest.ts';

/** Messages that are read and pushed late; a client that lacks more is quicker to sync (decisions 5.4c). */
export const MISSING_MAX = 20;
/** Messages of one conversation that wait for those before them; a read takes some milliseconds. */
export const WAITING_MAX = 1_000;
/** A replica of the log may be a moment behind who told of the event. */
const READS_MAX = 5;
const READ_AGAIN_MS = 200;
/** A log that does not answer in this time is not going to be waited for. */
const READ_MS_MAX = 1_000;

type Numbered = Recorded<NumberedEvent>;

type CursorDeps = Readonly<{
  numbers: NumbersOf;
  /** Messages of one conversation whose turn has come late, in their order. */
  push: (events: readonly Numbered[]) => void;
  /** What is missing cannot be had: sockets of these users are to be closed. */
  lost: (parties: readonly Topic[]) => void;
  wait: Wait;
  log: Pick<Log, 'warn'>;
}>;

/** How far one conversation has been pushed to the sockets here. */
type Cursor = {
  readonly stream: string;
  /** The two users, or the group. */
  readonly parties: readonly Topic[];
  /** Undefined: where its sockets stand is being looked up. */
  seq: Seq | undefined;
  /** What has come before its turn, by number, while what it lacks is being read. */
  waiting: Map<Seq, Numbered> | undefined;
};

const seqOf = ({ revision }: Numbered): Seq => revision + 1;

/**
 * Puts what is told of conversations into the order of their numbers, whoever tells it, in whatever order
 * and however often (decisions 5.2). There is a cursor for each conversation of which something has been
 * pushed while one of its users was connected, and it goes when the last of them does: about 400 bytes.
 */
export class Cursors {
  readonly #deps: CursorDeps;
  readonly #byStream = new Map<string, Cursor>();
  readonly #byTopic = new Map<Topic, Set<Cursor>>();
  #repairs = 0;
  #repaired = 0;

  constructor(deps: CursorDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#byStream.size;
  }

  /** How often something was missing, and how many messages were read for it. */
  get repairs(): Readonly<{ count: number; messages: number }> {
    return { count: this.#repairs, messages: this.#repaired };
  }

  /**
   * Whether the event is next and is to be pushed now; if not, it has been before, or it will be by `push`.
   * `unseen`: everything up to there has been told in the order of the log, and something after it may be
   * missing; undefined: nothing is, up to this event. One of the parties is connected.
   */
  isNext(event: Numbered, parties: readonly Topic[], unseen: Position | undefined): boolean {
    const seq = seqOf(event);
    const cursor = this.#byStream.get(event.stream);
    if (cursor === undefined) return this.#begin(event, parties, unseen);
    if (cursor.waiting !== undefined) {
      this.#keep(cursor, cursor.waiting, event);
      return false;
    }
    if (cursor.seq !== undefined && seq <= cursor.seq) return false;
    if (seq - 1 === cursor.seq) {
      cursor.seq = seq;
      return true;
    }
    cursor.waiting = new Map([[seq, event]]);
    void this.#repair(cursor, cursor.waiting, 0);
    return false;
  }

  /** How far a conversation has been pushed; 0: that is not known, or not at all. */
  seqOf(stream: string): Seq {
    return this.#byStream.get(stream)?.seq ?? 0;
  }

  /** Nobody here is of this user or group any more. `isHere`: whether somebody is of another one. */
  left(topic: Topic, isHere: (topic: Topic) => boolean): void {
    const cursors = this.#byTopic.get(topic) ?? [];
    for (const cursor of cursors) if (!cursor.parties.some(isHere)) this.#forget(cursor);
  }

  /** Sockets that are here have all up to some number, because they synced or because it was told. */
  #begin(event: Numbered, parties: readonly Topic[], unseen: Position | undefined): boolean {
    const seq = seqOf(event);
    const isNext = unseen === undefined || seq === 1;
    const waiting = isNext ? undefined : new Map([[seq, event]]);
    const { stream } = event;
    const cursor: Cursor = { stream, parties, seq: isNext ? seq : undefined, waiting };
    this.#byStream.set(stream, cursor);
    for (const topic of parties) {
      const cursors = this.#byTopic.get(topic);
      if (cursors === undefined) this.#byTopic.set(topic, new Set([cursor]));
      else cursors.add(cursor);
    }
    if (waiting !== undefined) void this.#repair(cursor, waiting, unseen ?? 0);
    return isNext;
  }

  #forget(cursor: Cursor): void {
    this.#byStream.delete(cursor.stream);
    for (const topic of cursor.parties) {
      const cursors = this.#byTopic.get(topic);
      cursors?.delete(cursor);
      if (cursors?.size === 0) this.#byTopic.delete(topic);
    }
  }

  #keep(cursor: Cursor, waiting: Map<Seq, Numbered>, event: Numbered): void {
    const seq = seqOf(event);
    if (seq <= (cursor.seq ?? 0)) return;
    waiting.set(seq, event);
    if (waiting.size > WAITING_MAX) this.#lose(cursor, waiting);
  }

  /** Until nothing waits any more. `seen`: what begins the cursor stands at or before this position. */
  async #repair(cursor: Cursor, waiting: Map<Seq, Numbered>, seen: Position): Promise<void> {
    let reads = 0;
    while (cursor.waiting === waiting) {
      const next = Math.min(...waiting.keys());
      const from = (cursor.seq ?? Math.max(0, next - MISSING_MAX - 2)) + 1;
      const isFar = cursor.seq !== undefined && next - from > MISSING_MAX;
      if (isFar || reads === READS_MAX) {
        this.#lose(cursor, waiting);
        return;
      }
      if (reads > 0) await this.#deps.wait(READ_AGAIN_MS);
      reads += 1;
      const read = await this.#read(cursor.stream, from, next - 1);
      // It was forgotten or given up meanwhile.
      if (cursor.waiting !== waiting || this.#byStream.get(cursor.stream) !== cursor) return;
      if (read.length !== next - from) continue;
      reads = 0;
      cursor.seq ??= lastSeen(read, from, seen);
      if (cursor.seq === undefined) this.#lose(cursor, waiting);
      else this.#drain(cursor, waiting, read);
    }
  }

  /** Pushes what has its turn now. */
  #drain(cursor: Cursor, waiting: Map<Seq, Numbered>, read: readonly Numbered[]): void {
    const begun = cursor.seq ?? 0;
    const missing = read.filter((event) => seqOf(event) > begun);
    if (missing.length > 0) this.#repairs += 1;
    this.#repaired += missing.length;
    for (const event of missing) waiting.set(seqOf(event), event);
    const due: Numbered[] = [];
    for (let seq = begun + 1; ; seq += 1) {
      const event = waiting.get(seq);
      if (event === undefined) break;
      waiting.delete(seq);
      cursor.seq = seq;
      due.push(event);
    }
    if (waiting.size === 0) cursor.waiting = undefined;
    this.#deps.push(due);
  }

  /** As many as could be had, in their order; none when the log does not answer. */
  async #read(stream: string, from: Seq, to: Seq): Promise<readonly Numbered[]> {
    const { numbers, wait, log } = this.#deps;
    try {
      return await Promise.race([numbers(stream, from, to), wait(READ_MS_MAX).then(() => [])]);
    } catch (error) {
      log.warn({ err: error, stream, from, to }, 'messages that are missing could not be read');
      return [];
    }
  }

  /** Whoever is here is closed and syncs; it goes on for those who come after. */
  #lose(cursor: Cursor, waiting: ReadonlyMap<Seq, Numbered>): void {
    const { stream, parties, seq: pushed } = cursor;
    const came = [...waiting.keys()];
    const first = Math.min(...came);
    this.#deps.log.warn({ stream, pushed, first }, 'what is missing cannot be pushed any more');
    cursor.seq = Math.max(...came);
    cursor.waiting = undefined;
    this.#deps.lost(parties);
  }
}

/** The last number that is not missing; undefined: it stands before all that were read. */
const lastSeen = (read: readonly Numbered[], from: Seq, seen: Position): Seq | undefined => {
  const last = read.findLastIndex(({ position }) => position <= seen);
  return last < 0 && from > 1 ? undefined : from + last;
};

/**
 * When a socket of `count` that is to be closed is closed: none is younger than `CUT_AGE_MS` (decisions 5.4a), and the
 * more there are, the more time they take, for all may lack something.
 */
export const cutAt = (
  { number, openedAt }: Readonly<{ number: number; openedAt: Millis }>,
  at: Millis,
  count: number,
): Millis => {
  const seconds = Math.min(Math.ceil(count / CUT_A_SECOND), CUT_SPREAD_S);
  return Math.max(openedAt + CUT_AGE_MS, at + (number % Math.max(seconds, 1)) * 1000);
};

/** Go core starts a sync every 5 s at most, and skips it silently when it is back before. */
const CUT_AGE_MS = 6_000;
/** Those that lack something do not come back at once: so many a second do no harm, and it takes so long at most. */
const CUT_A_SECOND = 100;
const CUT_SPREAD_S = 10;
