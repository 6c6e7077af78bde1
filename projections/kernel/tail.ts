import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Millis, Position } from '../../core/kernel/ids.ts';
import { Queue } from './queue.ts';

/** Some ten seconds of the busiest node, and what a small one can spare: 100,000 messages of 300 letters. */
export const TAIL_EVENTS_MAX = 200_000;
export const TAIL_BYTES_MAX = 128 * 1024 * 1024;

/** A Postgres that crashes without having synced may step back by its last moments. */
export const TAIL_KEPT_MS = 10_000;
/** Checkpoints closer together than this count as one. */
const MARK_EVERY_MS = 250;

/**
 * What an event costs beside its own text and fields: objects, index entries. Measured for messages as the
 * difference of the heap with 50,000 of them and without: 630 for one's own, 860 for those read from disk.
 * (The process grows by more than the heap holds: V8 collects late.)
 */
const EVENT_BYTES = 900;
/** V8 keeps a text in one byte a character as long as all of it is Latin-1, and else in two. */
const WIDE = /[\u0100-\uffff]/;
const FIELD_BYTES = 16;
const DEPTH_MAX = 4;

export type Event = Recorded<SeqlineEvent>;

export type TailOptions = Readonly<{
  /** The tail holds what comes after this position. */
  floor: Position;
  /** Names under which the event can be found: `c:<conversation>`, `u:<user>`. Pure. */
  indexOf: (event: Event) => readonly string[];
  now: () => Millis;
  /** The bounds have dropped an event that the read models do not have yet. Once until it is mended. */
  onOverflow: (floor: Position) => void;
  eventsMax?: number;
  bytesMax?: number;
}>;

/** `lists` are those it stands in; kept instead of their names, which are new strings for each event. */
type Entry = Readonly<{ event: Event; lists: readonly Named[]; bytes: number }>;
type Named = Readonly<{ name: string; events: Queue<Event> }>;
type Mark = Readonly<{ at: Millis; checkpoint: Position }>;

/**
 * The newest events, in memory: all after the checkpoint of the read models and those of the ten seconds
 * before, so that a row read from Postgres can be brought up to the head of the log. Bounded: it gives up
 * its oldest events rather than the process, and `covers` tells.
 */
export class Tail {
  readonly #options: TailOptions;
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  readonly #entries = new Queue<Entry>();
  readonly #byName = new Map<string, Named>();
  readonly #marks = new Queue<Mark>();
  #floor: Position;
  #head: Position;
  #checkpoint: Position;
  #bytes = 0;
  #overflown = false;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#eventsMax = options.eventsMax ?? TAIL_EVENTS_MAX;
    this.#bytesMax = options.bytesMax ?? TAIL_BYTES_MAX;
    this.#floor = options.floor;
    this.#head = options.floor;
    this.#checkpoint = options.floor;
  }

  /** All events after it, up to the head, are here. */
  get floor(): Position {
    return this.#floor;
  }

  /** How far the log has been seen. */
  get head(): Position {
    return this.#head;
  }

  /** Events and (about) bytes held. */
  get size(): Readonly<{ events: number; bytes: number }> {
    return { events: this.#entries.length, bytes: this.#bytes };
  }

  /** Whether every event after the checkpoint is here. */
  covers(checkpoint: Position): boolean {
    return checkpoint >= this.#floor;
  }

  /** Takes what the follower hands over (a `Listener`). */
  readonly take = (events: readonly Event[], reached: Position): void => {
    for (const event of events) this.#add(event);
    this.#head = Math.max(this.#head, reached);
    while (this.#entries.length > this.#eventsMax || this.#bytes > this.#bytesMax) this.#overflow();
  };

  /** Events of that name after the position (all that are here, if none is given), in order. */
  touching(name: string, after: Position = 0): readonly Event[] {
    const events = this.#byName.get(name)?.events;
    return events?.from(events.search(({ position }) => position > after)) ?? [];
  }

  /** The next events after the position; undefined if the tail does not reach back to it. */
  after(position: Position, max: number): readonly Event[] | undefined {
    if (!this.covers(position)) return undefined;
    const start = this.#entries.search(({ event }) => event.position > position);
    return this.#entries.from(start, max).map(({ event }) => event);
  }

  /** Lets go of what the read models have had for ten seconds. To be told of each checkpoint. */
  trim(checkpoint: Position): void {
    const at = this.#options.now();
    this.#checkpoint = checkpoint;
    if (this.covers(checkpoint)) this.#overflown = false;

    const newest = this.#marks.at(this.#marks.length - 1);
    if (newest === undefined || at - newest.at >= MARK_EVERY_MS)
      this.#marks.push({ at, checkpoint });

    let settled = 0;
    for (let mark = this.#marks.at(0); mark !== undefined; mark = this.#marks.at(0)) {
      if (mark.at > at - TAIL_KEPT_MS) break;
      settled = mark.checkpoint;
      this.#marks.shift();
    }
    // A checkpoint that has stepped back needs again what came after it.
    const needless = Math.min(settled, checkpoint);
    while ((this.#entries.at(0)?.event.position ?? Infinity) <= needless) this.#drop();
  }

  #add(event: Event): void {
    const names = this.#options.indexOf(event);
    const bytes = EVENT_BYTES + bytesOf(event.data, 0);
    // Made as long as it will be: one that grows takes room for 17, and it is kept as long as the event.
    const lists = withoutDoubles(names).map((name) => this.#listOf(name));
    for (const list of lists) list.events.push(event);
    this.#entries.push({ event, lists, bytes });
    this.#bytes += bytes;
  }

  #listOf(name: string): Named {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const made = { name, events: new Queue<Event>() };
    this.#byName.set(name, made);
    return made;
  }

  #overflow(): void {
    this.#drop();
    if (this.#floor <= this.#checkpoint || this.#overflown) return;
    this.#overflown = true;
    this.#options.onOverflow(this.#floor);
  }

  /** The oldest event is also the oldest under each of its names. */
  #drop(): void {
    const entry = this.#entries.shift();
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#floor = entry.event.position;
    for (const { name, events } of entry.lists) {
      events.shift();
      if (events.length === 0) this.#byName.delete(name);
    }
  }
}

const withoutDoubles = (names: readonly string[]): readonly string[] =>
  names.every((name, at) => names.indexOf(name) === at) ? names : [...new Set(names)];

/** An estimate that costs less than writing the event out would. */
const bytesOf = (value: unknown, depth: number): number => {
  if (typeof value === 'string') {
    return FIELD_BYTES + value.length * (WIDE.test(value) ? 2 : 1);
  }
  if (typeof value !== 'object' || value === null || depth >= DEPTH_MAX) return FIELD_BYTES;
  if (Array.isArray(value)) {
    let sum = FIELD_BYTES;
    for (const item of value) sum += bytesOf(item, depth + 1);
    return sum;
  }
  let sum = FIELD_BYTES;
  for (const name in value) sum += bytesOf(Reflect.get(value, name), depth + 1);
  return sum;
};
