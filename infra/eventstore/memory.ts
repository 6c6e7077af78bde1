import { randomBytes } from 'node:crypto';
import {
  StoreUnavailable,
  type AllPage,
  type AppendResult,
  type EventStore,
  type ExpectedRevision,
  type ReadAll,
  type ReadStream,
  type StoreEvent,
  type StoredEvent,
  type SubscribeAll,
  type Subscription,
} from '../../core/kernel/eventStore.ts';
import type { Millis, Position } from '../../core/kernel/ids.ts';
import { pageOf, startOf } from './allPage.ts';
import { decideAppend, type StreamsView } from './expectedRevision.ts';
import { checkAppend } from './limits.ts';
import { RecentMap } from '../recentMap.ts';
import { revisionsOf } from './streamRange.ts';
import { Subscriptions } from './subscription.ts';

/** How far back a repeated `any` is known; the real store has a bound of this order too. */
const RECENT_IDS = 32_768;
/** Events handed to a subscriber at once. */
const BATCH_EVENTS_MAX = 1_000;

/**
 * An event store without a disk: for tests, and small enough to be read as what a store must do.
 */
export const memoryEventStore = (now: () => Millis = Date.now): EventStore => new MemoryStore(now);

class MemoryStore implements EventStore {
  readonly #now: () => Millis;
  readonly #logId = randomBytes(16).toString('hex');
  readonly #all: StoredEvent[] = [];
  readonly #streams = new Map<string, StoredEvent[]>();
  readonly #recent = new RecentMap<string, StoredEvent>(RECENT_IDS);
  readonly #subscriptions: Subscriptions;
  #announced: Position = 0;
  #closed = false;

  constructor(now: () => Millis) {
    this.#now = now;
    this.#subscriptions = new Subscriptions({
      announced: () => this.#announced,
      next: (after, until) => this.#all.slice(after, Math.min(until, after + BATCH_EVENTS_MAX)),
    });
  }

  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly StoreEvent[],
  ): Promise<AppendResult> {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    checkAppend(stream, events);
    const decision = decideAppend(this.#view, stream, expected, events);
    return decision.kind === 'write' ? this.#write(stream, events) : decision;
  }

  async readStream(stream: string, options: ReadStream): Promise<readonly StoredEvent[]> {
    const events = this.#streams.get(stream) ?? [];
    const range = revisionsOf(options, events.length - 1);
    if (range === undefined) return [];
    const found = events.slice(range.first, range.last + 1);
    return options.direction === 'forwards' ? found : found.reverse();
  }

  async readAll(options: ReadAll): Promise<AllPage> {
    const head = this.#all.length;
    const start = startOf(options, head);
    const following =
      options.direction === 'forwards'
        ? this.#all.slice(start)
        : this.#all.slice(0, Math.max(0, start - 1)).reverse();
    return pageOf(options, start, head, following);
  }

  subscribeAll(options: SubscribeAll): Subscription {
    return this.#subscriptions.add(options);
  }

  async head(): Promise<Position> {
    return this.#all.length;
  }

  async logId(): Promise<string> {
    return this.#logId;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#subscriptions.close();
  }

  readonly #view: StreamsView = {
    revisionOf: (stream) => (this.#streams.get(stream)?.length ?? 0) - 1,
    eventAt: (stream, revision) => this.#streams.get(stream)?.[revision],
    recentPlace: (id) => this.#recent.get(id),
  };

  #write(stream: string, events: readonly StoreEvent[]): AppendResult {
    const created = Math.max(this.#now(), this.#all.at(-1)?.created ?? 0);
    const held = this.#streams.get(stream) ?? [];
    this.#streams.set(stream, held);
    for (const event of events) {
      const place = { stream, revision: held.length, position: this.#all.length + 1 };
      const stored = { ...event, ...place, created: Math.min(event.created ?? created, created) };
      held.push(stored);
      this.#all.push(stored);
      this.#recent.set(event.id, stored);
    }
    // Whoever appended hears of it before any subscriber does.
    setImmediate(() => this.#announce());
    return { kind: 'appended', revision: held.length - 1, position: this.#all.length, created };
  }

  #announce(): void {
    this.#announced = this.#all.length;
    this.#subscriptions.wake();
  }
}
