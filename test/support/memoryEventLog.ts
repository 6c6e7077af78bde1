import type { EventLog, Place } from '../../core/kernel/eventLog.ts';
import type {
  AppendResult,
  ExpectedRevision,
  ReadStream,
  StreamPrefixes,
  Subscription,
} from '../../core/kernel/eventStore.ts';
import type { AnyFact, NewEvent, Recorded } from '../../core/kernel/fact.ts';
import type { Millis, Position } from '../../core/kernel/ids.ts';

/** Positions have gaps in every real log: nobody may count on the next one. */
const POSITION_STEP = 3;
const START: Millis = 1_700_000_000_000;
const BATCH_MAX = 500;

type SubscribeAll = Parameters<EventLog['subscribeAll']>[0];

/**
 * The log as facts, kept in memory: the port's whole contract, with a clock of its own that moves one
 * millisecond an event. `foreign` and `failSubscriptions` stand for what only a real store can do.
 */
export class MemoryEventLog implements EventLog {
  readonly #id: string;
  readonly #events: Recorded[] = [];
  readonly #streams = new Map<string, Recorded[]>();
  readonly #subscriptions = new Set<LiveSubscription>();
  #head: Position = 0;

  constructor(id = '0123456789abcdef0123456789abcdef') {
    this.#id = id;
  }

  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<AppendResult> {
    const stored = this.#streams.get(stream) ?? [];
    const verdict = judge(stored, expected, events);
    if (verdict.kind === 'conflict') {
      const actual = stored.length === 0 ? 'no_stream' : stored.length - 1;
      return Promise.resolve({ kind: 'conflict', actual });
    }
    const last = verdict.kind === 'repeated' ? verdict.last : this.#write(stream, stored, events);
    const { revision, position, created } = last;
    return Promise.resolve({ kind: 'appended', revision, position, created });
  }

  readStream<E extends AnyFact = AnyFact>(
    stream: string,
    { from, direction, max }: ReadStream,
  ): Promise<readonly Recorded<E>[]> {
    // The port lets the caller name what its stream holds; here too it is taken at its word.
    const stored = (this.#streams.get(stream) ?? []) as unknown as readonly Recorded<E>[];
    const last = stored.length - 1;
    const start = from === 'start' ? 0 : from === 'end' ? last : from;
    const found =
      direction === 'forwards'
        ? stored.slice(Math.max(start, 0), Math.max(start, 0) + max)
        : stored
            .slice(0, start + 1)
            .reverse()
            .slice(0, max);
    return Promise.resolve(found);
  }

  readPlaces(stream: string, options: ReadStream): Promise<readonly Place[]> {
    return this.readStream(stream, options);
  }

  readAll({
    after,
    max,
    prefixes,
  }: Readonly<{ after: Position; max: number; prefixes?: StreamPrefixes }>): ReturnType<
    EventLog['readAll']
  > {
    const events: Recorded[] = [];
    for (let index = this.#indexAfter(after); index < this.#events.length; index++) {
      const event = this.#events[index];
      if (event === undefined || !isOf(event, prefixes)) continue;
      if (events.length === max) {
        return Promise.resolve({ events, next: events.at(-1)?.position ?? after, end: false });
      }
      events.push(event);
    }
    return Promise.resolve({ events, next: Math.max(after, this.#head), end: true });
  }

  subscribeAll(options: SubscribeAll): Subscription {
    const after = options.after === 'end' ? this.#head : options.after;
    const subscription = new LiveSubscription(options, after, (position) => {
      const start = this.#indexAfter(position);
      return { events: this.#events.slice(start, start + BATCH_MAX), head: this.#head };
    });
    this.#subscriptions.add(subscription);
    subscription.wake();
    return {
      close: async () => {
        this.#subscriptions.delete(subscription);
        await subscription.close();
      },
    };
  }

  head(): Promise<Position> {
    return Promise.resolve(this.#head);
  }

  logId(): Promise<string> {
    return Promise.resolve(this.#id);
  }

  /** Something that is not Seqline's has been written: the head moves, and no event comes. */
  foreign(): Position {
    this.#head += POSITION_STEP;
    this.#wake();
    return this.#head;
  }

  /** Ends every subscription for good, as an event that cannot be decoded does. */
  failSubscriptions(error: Error): void {
    for (const subscription of this.#subscriptions) subscription.fail(error);
  }

  #write(stream: string, stored: Recorded[], events: readonly NewEvent[]): Recorded {
    for (const event of events) {
      this.#head += POSITION_STEP;
      const recorded: Recorded = {
        ...event,
        stream,
        revision: stored.length,
        position: this.#head,
        created: START + this.#events.length,
      };
      stored.push(recorded);
      this.#events.push(recorded);
    }
    this.#streams.set(stream, stored);
    this.#wake();
    const last = stored.at(-1);
    if (last === undefined) throw new Error('an append has at least one event');
    return last;
  }

  #wake(): void {
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  #indexAfter(position: Position): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.position ?? Infinity) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

type News = Readonly<{ events: readonly Recorded[]; head: Position }>;

/** Hands over what is new whenever it is woken, a batch at a time. */
class LiveSubscription {
  readonly #options: SubscribeAll;
  readonly #newsAfter: (position: Position) => News;
  #position: Position;
  #open = true;
  #running: Promise<void> | undefined;

  constructor(options: SubscribeAll, after: Position, newsAfter: (position: Position) => News) {
    this.#options = options;
    this.#position = after;
    this.#newsAfter = newsAfter;
  }

  wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // What came between the last look and here.
      if (this.#open && this.#newsAfter(this.#position).head > this.#position) this.wake();
    });
  }

  fail(error: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#options.onFailed(error);
  }

  /** Asked anew after every wait: it changes meanwhile. */
  #isOpen(): boolean {
    return this.#open;
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#running;
  }

  async #run(): Promise<void> {
    // Never within the append itself: a real log tells later, and on another stack.
    await Promise.resolve();
    while (this.#open) {
      const { events, head } = this.#newsAfter(this.#position);
      const last = events.at(-1);
      if (last === undefined && head <= this.#position) return;
      try {
        if (last !== undefined) await this.#options.onEvents(events);
      } catch (error) {
        this.fail(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      this.#position = last?.position ?? head;
      if (this.#isOpen()) this.#options.onReached?.(this.#position);
    }
  }
}

type Verdict =
  | Readonly<{ kind: 'write' }>
  | Readonly<{ kind: 'repeated'; last: Recorded }>
  | Readonly<{ kind: 'conflict' }>;

/** EventStoreDB's rules: an exact expectation is compared with what is stored, `any` with all ids. */
const judge = (
  stored: readonly Recorded[],
  expected: ExpectedRevision,
  events: readonly NewEvent[],
): Verdict => {
  if (expected === 'stream_exists' && stored.length === 0) return { kind: 'conflict' };
  if (expected === 'any' || expected === 'stream_exists') return judgeByIds(stored, events);
  const revision = expected === 'no_stream' ? -1 : expected;
  if (revision === stored.length - 1) return { kind: 'write' };
  const there = stored.slice(revision + 1, revision + 1 + events.length);
  const last = there.at(-1);
  const same = events.every(({ id }, index) => there[index]?.id === id);
  return revision < stored.length && same && last !== undefined
    ? { kind: 'repeated', last }
    : { kind: 'conflict' };
};

const judgeByIds = (stored: readonly Recorded[], events: readonly NewEvent[]): Verdict => {
  const found = events.map(({ id }) => stored.find((one) => one.id === id));
  const last = found.at(-1);
  if (found[0] === undefined) return { kind: 'write' };
  return last !== undefined && found.every((one) => one !== undefined)
    ? { kind: 'repeated', last }
    : { kind: 'conflict' };
};

const isOf = ({ stream }: Recorded, prefixes: StreamPrefixes | undefined): boolean =>
  prefixes?.some((prefix) => stream.startsWith(prefix)) ?? true;
