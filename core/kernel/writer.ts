import { give, type Answer, type Handled, type Waiting } from './answers.ts';
import { appendUntilKnown, isFaultOfStore } from './appendUntilKnown.ts';
import { placedAfter, type Decider, type Placed } from './decider.ts';
import type { EventLog } from './eventLog.ts';
import { APPEND_BYTES_MAX, APPEND_EVENTS_MAX, AppendTooLarge } from './eventStore.ts';
import type { AnyFact, Meta, NewEvent, Recorded } from './fact.ts';
import type { Millis, Revision } from './ids.ts';
import { Turns } from './turns.ts';

/** How long a conflict or an unknown outcome is pursued before the commands are given back. */
export const CONTENTION_MS_MAX = 5_000;
/** Streams whose state is kept; see also `weightMax`. Commands that wait do not count. */
const STREAMS_KEPT_MAX = 50_000;
/** How many commands may wait for one stream before new ones are turned away. */
const QUEUE_MAX = 20_000;
const READ_PAGE = 500;
/** Before a stream is read once more whose newest event has been seen and not read. */
const BEHIND_PAUSE_MS = 10;

/** Nobody can say how it would have ended: too many commands wait, or another writer is always first. */
export class StreamContended extends Error {
  override name = 'StreamContended';
  constructor(stream: string, why: string) {
    super(`${stream}: ${why}; try again`);
  }
}

export type Loaded<S> = Readonly<{ state: S; revision: Revision }>;

export type WriterOptions<C, E extends AnyFact, S, R extends string> = Readonly<{
  log: EventLog;
  decider: Decider<C, E, S, R>;
  streamOf: (command: C) => string;
  metaOf: (command: C) => Meta;
  /** State and revision of a stream seen for the first time; by default all of it is folded. */
  load?: (stream: string) => Promise<Loaded<S>>;
  /**
   * About how many bytes the events of a command come to, so that an append seldom has to be parted because
   * it is too large.
   */
  weigh?: (command: C) => number;
  /** What keeping this state costs, in units of the caller's choice, and how many may be kept. */
  weightOf?: (state: S) => number;
  weightMax?: number;
  /** Makes a state that is in use weigh less, if it can: asked when letting go of others is not enough. */
  lighten?: (state: S) => void;
  /** Told of each append that was stored: how many it took, with those that were conflicts, and of how many commands. */
  onStored?: (tries: number, commands: number) => void;
  /** Told of each append that another process's came before. */
  onConflict?: (stream: string) => void;
  /** Milliseconds of a clock that only goes forward; only differences are used. */
  clock: () => Millis;
  pause: (ms: number) => Promise<void>;
}>;

type Entry<C, S, E extends AnyFact, R extends string> = {
  readonly stream: string;
  known: Loaded<S> | undefined;
  /** There may be events after those that `known` knows: they are read before it is used again. */
  behind: boolean;
  /** The newest that the follower has seen: what it sees while something is read or appended is not folded. */
  seen: Revision;
  loading: Promise<Loaded<S>> | undefined;
  queue: Waiting<C, S, E, R>[];
  running: boolean;
  readonly turns: Turns;
  weight: number;
  /** Since it was last looked at for letting it go. */
  used: boolean;
};

/**
 * One queue for each busy stream. Whatever waits is decided together, one command after the other on the
 * newest state, and goes into one append; all are answered once that is durable. A conflict means that
 * another process wrote: its events are read and everything is decided again. So it is correct with any
 * number of writers, and cheap with one.
 */
export class StreamWriters<C, E extends AnyFact, S, R extends string> {
  readonly #options: WriterOptions<C, E, S, R>;
  /** In the order they are looked at when something has to go; what is in use gets another turn. */
  readonly #entries = new Map<string, Entry<C, S, E, R>>();
  readonly #append: ReturnType<typeof appendUntilKnown>;
  #weight = 0;

  constructor(options: WriterOptions<C, E, S, R>) {
    this.#options = options;
    this.#append = appendUntilKnown(options);
  }

  /** Decides and appends. Rejects with a fault (`StoreUnavailable`, `StreamContended`, …). */
  handle(command: C): Promise<Handled<S, E, R>> {
    const entry = this.#entryOf(this.#options.streamOf(command));
    if (entry.queue.length >= QUEUE_MAX) {
      return Promise.reject(
        new StreamContended(entry.stream, `${String(QUEUE_MAX)} commands wait`),
      );
    }
    return new Promise((resolve, reject) => {
      entry.queue.push({ command, resolve, reject });
      if (!entry.running) void this.#run(entry);
    });
  }

  /** The newest state, read from the log if it is not kept, with all that had been seen of it when it was asked for. */
  async state(stream: string): Promise<S> {
    const entry = this.#entryOf(stream);
    const wanted = entry.seen;
    let deadline: Millis | undefined;
    for (;;) {
      const { state, revision } = await this.#load(entry);
      if (!entry.behind || revision >= wanted) return state;
      // Read too early, with others who had asked before; or what is read lags behind what is told.
      deadline ??= this.#options.clock() + CONTENTION_MS_MAX;
      if (this.#options.clock() > deadline)
        throw new StreamContended(stream, 'its end is not read');
      await this.#options.pause(BEHIND_PAUSE_MS);
    }
  }

  /** Likewise, if it is kept and nothing is known to have come after it; nothing is read. */
  kept(stream: string): S | undefined {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return undefined;
    entry.used = true;
    return entry.behind ? undefined : entry.known?.state;
  }

  /** What the process's follower has seen: keeps states fresh that other processes write to. */
  observe(event: Recorded<E>): void {
    const entry = this.#entries.get(event.stream);
    if (entry === undefined) return;
    entry.seen = Math.max(entry.seen, event.revision);
    if (entry.known === undefined || entry.running || entry.behind) return;
    if (event.revision === entry.known.revision + 1) {
      this.#learn(entry, this.#fold(entry.known, [event]));
      this.#evict();
    } else if (event.revision > entry.known.revision) {
      entry.behind = true; // Some were missed.
    }
  }

  #entryOf(stream: string): Entry<C, S, E, R> {
    const kept = this.#entries.get(stream);
    if (kept !== undefined) {
      kept.used = true;
      return kept;
    }
    const entry: Entry<C, S, E, R> = {
      stream,
      known: undefined,
      behind: false,
      seen: -1,
      loading: undefined,
      queue: [],
      running: false,
      turns: new Turns(),
      weight: 0,
      used: true,
    };
    this.#entries.set(stream, entry);
    this.#evict();
    return entry;
  }

  /** Lets go of streams that nobody waits for and that have not been used since they were looked at. */
  #evict(): void {
    const { weightMax = Infinity } = this.#options;
    const isFull = (): boolean => this.#entries.size > STREAMS_KEPT_MAX || this.#weight > weightMax;
    if (!isFull()) return;
    // Once round at most: an entry that is put back at the end has lost its mark, and goes next time.
    const turns = this.#entries.size;
    let turn = 0;
    for (const [stream, entry] of this.#entries) {
      if (!isFull()) return;
      if ((turn += 1) > turns) break;
      if (entry.used || entry.running || entry.queue.length > 0 || entry.loading !== undefined) {
        entry.used = false;
        this.#entries.delete(stream);
        this.#entries.set(stream, entry);
        continue;
      }
      this.#weight -= entry.weight;
      this.#entries.delete(stream);
    }
    this.#lighten();
  }

  /** All that is left is in use. Whoever was asked goes to the end, so that it is not always the same. */
  #lighten(): void {
    const { lighten, weightMax = Infinity } = this.#options;
    if (lighten === undefined || this.#weight <= weightMax) return;
    for (const [stream, entry] of [...this.#entries]) {
      if (this.#weight <= weightMax) return;
      if (entry.known === undefined) continue;
      lighten(entry.known.state);
      this.#weigh(entry, entry.known);
      this.#entries.delete(stream);
      this.#entries.set(stream, entry);
    }
  }

  #learn(entry: Entry<C, S, E, R>, known: Loaded<S>): void {
    this.#weigh(entry, known);
    entry.known = known;
    entry.behind = entry.seen > known.revision;
  }

  #weigh(entry: Entry<C, S, E, R>, { state }: Loaded<S>): void {
    const weight = this.#options.weightOf?.(state) ?? 1;
    this.#weight += weight - entry.weight;
    entry.weight = weight;
  }

  async #load(entry: Entry<C, S, E, R>): Promise<Loaded<S>> {
    const { known } = entry;
    if (known !== undefined && !entry.behind) return known;
    entry.loading ??= this.#read(entry.stream, known);
    try {
      const loaded = await entry.loading;
      // Whoever waited for the same load finds what has been learnt since, never the older state.
      if (entry.known === known) {
        this.#learn(entry, loaded);
        this.#evict();
      }
      return entry.known ?? loaded;
    } finally {
      entry.loading = undefined;
    }
  }

  #read(stream: string, known: Loaded<S> | undefined): Promise<Loaded<S>> {
    if (known !== undefined) return this.#forward(stream, known);
    const { load, decider } = this.#options;
    return load?.(stream) ?? this.#forward(stream, { state: decider.initialState, revision: -1 });
  }

  async #forward(stream: string, known: Loaded<S>): Promise<Loaded<S>> {
    let newest = known;
    for (;;) {
      const events = await this.#options.log.readStream<E>(stream, {
        from: newest.revision + 1,
        direction: 'forwards',
        max: READ_PAGE,
      });
      newest = this.#fold(newest, events);
      if (events.length < READ_PAGE) return newest;
    }
  }

  #fold(known: Loaded<S>, events: readonly Placed<E>[]): Loaded<S> {
    const { evolve } = this.#options.decider;
    let { state, revision } = known;
    for (const event of events) {
      state = evolve(state, event);
      revision = event.revision;
    }
    return { state, revision };
  }

  async #run(entry: Entry<C, S, E, R>): Promise<void> {
    entry.running = true;
    while (entry.queue.length > 0) {
      // Read before taking, so that what arrives meanwhile shares the append.
      try {
        await this.#load(entry);
      } catch (error) {
        for (const { reject } of entry.queue.splice(0)) reject(error);
        break;
      }
      await this.#settleAll(entry, this.#take(entry));
      const turnMs = entry.turns.due(this.#options.clock());
      if (turnMs > 0) await this.#options.pause(turnMs);
      // Others have written meanwhile: that is read before the next append.
      if (entry.known !== undefined && entry.seen > entry.known.revision) entry.behind = true;
      // A stream that is written to all the time does not come to an end here.
      this.#evict();
    }
    entry.running = false;
    this.#evict();
  }

  /** One append if it can be; the halves of what is too large, so that no command fails for its neighbour's size. */
  async #settleAll(entry: Entry<C, S, E, R>, batch: readonly Waiting<C, S, E, R>[]): Promise<void> {
    try {
      await this.#settle(entry, batch);
    } catch (error) {
      if (error instanceof AppendTooLarge && batch.length > 1) {
        const half = Math.ceil(batch.length / 2);
        await this.#settleAll(entry, batch.slice(0, half));
        await this.#settleAll(entry, batch.slice(half));
        return;
      }
      // What the log has beyond what is known is no longer sure and is read; after a fault of our own, all of it.
      if (isFaultOfStore(error) || error instanceof StreamContended) entry.behind = true;
      else entry.known = undefined;
      // What waits behind it does not get before it, should it be given once more, nor wait for as long again.
      if (isFaultOfStore(error)) batch = batch.concat(entry.queue.splice(0));
      for (const { reject } of batch) reject(error);
    }
  }

  #take({ queue }: Entry<C, S, E, R>): Waiting<C, S, E, R>[] {
    const { weigh } = this.#options;
    if (weigh === undefined) return queue.splice(0, APPEND_EVENTS_MAX);
    let [bytes, count] = [0, 0];
    for (const { command } of queue) {
      bytes += weigh(command);
      if (count > 0 && (count === APPEND_EVENTS_MAX || bytes > APPEND_BYTES_MAX)) break;
      count++;
    }
    return queue.splice(0, count);
  }

  async #settle(entry: Entry<C, S, E, R>, batch: readonly Waiting<C, S, E, R>[]): Promise<void> {
    const deadline = this.#options.clock() + CONTENTION_MS_MAX;
    for (let tries = 1; ; tries++) {
      const before = await this.#load(entry);
      const { answers, events, after } = this.#decide(before, batch);
      if (events.length === 0) {
        give(answers, undefined);
        return;
      }
      const expected = before.revision < 0 ? 'no_stream' : before.revision;
      const begun = this.#options.clock();
      const result = await this.#append(deadline, entry.stream, expected, events);
      entry.turns.appended(begun, this.#options.clock(), result.kind === 'conflict');
      if (result.kind === 'appended') {
        this.#learn(entry, after);
        give(answers, { position: result.position, first: before.revision + 1 });
        this.#options.onStored?.(tries, batch.length);
        return;
      }
      this.#options.onConflict?.(entry.stream);
      if (this.#options.clock() > deadline) {
        throw new StreamContended(entry.stream, 'other writers were always first');
      }
      this.#learn(entry, await this.#forward(entry.stream, before));
    }
  }

  #decide(
    before: Loaded<S>,
    batch: readonly Waiting<C, S, E, R>[],
  ): {
    answers: readonly Answer<C, S, E, R>[];
    events: readonly NewEvent<E>[];
    after: Loaded<S>;
  } {
    const { decider, metaOf } = this.#options;
    let known = before;
    const events: NewEvent<E>[] = [];
    const answers = batch.map((waiting): Answer<C, S, E, R> => {
      const outcome = decider.decide(waiting.command, known.state);
      if (outcome.kind === 'refused') {
        return { waiting, refused: outcome, state: known.state, events: [] };
      }
      const placed = outcome.events.map(placedAfter(known.revision));
      known = this.#fold(known, placed);
      const meta = metaOf(waiting.command);
      for (const event of outcome.events) events.push(Object.assign({ meta }, event));
      return { waiting, refused: undefined, state: known.state, events: placed };
    });
    return { answers, events, after: known };
  }
}
