import { setTimeout as pause } from 'node:timers/promises';
import {
  StoreUnavailable,
  type AllPage,
  type ReadAll,
  type ReadStream,
  type StoredEvent,
} from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { streamFilter } from '../prefixes.ts';
import { faultOf, type LogClient } from './client.ts';
import { ClientFault, isPassing } from './faults.ts';
import {
  BATCH_EVENTS_MAX,
  PAGE_EVENTS_MAX,
  READS_MAX,
  READ_ATTEMPTS_MAX,
  READ_WAIT,
  backoff,
} from './limits.ts';
import type { Reading } from './reading.ts';

type Whole = Readonly<{
  events: readonly StoredEvent[];
  seen: number;
  last: Position | undefined;
}>;

/** Reads that come to an end. Each is tried again when the connection fails it: reading twice is reading. */
export class Reads {
  readonly #client: LogClient;
  readonly #attempts: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(client: LogClient, attempts = READ_ATTEMPTS_MAX) {
    this.#client = client;
    this.#attempts = attempts;
  }

  async stream(
    stream: string,
    { from, direction, max }: ReadStream,
  ): Promise<readonly StoredEvent[]> {
    if (max <= 0) return [];
    // The server has no answer for these two; of the event at that end there is one.
    const turned = (from === 'end') === (direction === 'forwards') && typeof from === 'string';
    const part = turned
      ? ({ from, direction: from === 'end' ? 'backwards' : 'forwards', count: 1 } as const)
      : { from, direction, count: max };
    try {
      return (await this.#whole(() => this.#client.readStream(stream, part))).events;
    } catch (error) {
      if (error instanceof ClientFault && error.reason.kind === 'no-stream') return [];
      throw error;
    }
  }

  /**
   * The server filters only subscriptions, so a page is what it looked at, less what concerns others; a
   * page may be without events long before the end.
   */
  async all({ from, direction, max, prefixes }: ReadAll): Promise<AllPage> {
    const forwards = direction === 'forwards';
    if (from === 'end' && forwards)
      return { events: [], next: await this.lastPosition(), end: true };
    if (!forwards && (from === 'start' || from === 0)) return { events: [], next: 0, end: true };
    if (max <= 0) return this.#emptyPage(from);
    const inclusive = forwards && typeof from === 'number' && from > 0;
    const start = from === 0 ? 'start' : from;
    const wanted = Math.min(PAGE_EVENTS_MAX, max);
    const count = inclusive ? wanted + 1 : wanted;
    const { events, seen, last } = await this.#whole(() =>
      this.#client.readAll({ from: start, direction, count }),
    );
    const concerns = streamFilter(prefixes);
    return {
      events: events.filter(
        ({ stream, position }) => !(inclusive && position === from) && concerns(stream),
      ),
      next: last ?? (typeof from === 'number' ? from : 0),
      end: seen < count,
    };
  }

  /** Of the last event of all, the store's own among them; 0 when there is none. */
  async lastPosition(): Promise<Position> {
    const part = { from: 'end', direction: 'backwards', count: 1 } as const;
    return (await this.#whole(() => this.#client.readAll(part))).last ?? 0;
  }

  async #emptyPage(from: ReadAll['from']): Promise<AllPage> {
    const next = typeof from === 'number' ? from : from === 'end' ? await this.lastPosition() : 0;
    return { events: [], next, end: false };
  }

  async #whole(open: () => Reading): Promise<Whole> {
    await this.#enter();
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await toTheEnd(open());
        } catch (error) {
          const fault = faultOf(error);
          if (!isPassing(fault) || fault.reason.kind === 'denied') throw fault;
          if (attempt === this.#attempts) throw unreadable(fault);
          await pause(backoff(attempt));
        }
      }
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < READS_MAX) this.#running++;
    // Whoever leaves hands over its place.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}

const unreadable = (cause: ClientFault): StoreUnavailable =>
  new StoreUnavailable(`the event store cannot be read: ${cause.message}`, { cause });

const toTheEnd = async (reading: Reading): Promise<Whole> => {
  const events: StoredEvent[] = [];
  let seen = 0;
  let last: Position | undefined;
  try {
    for (;;) {
      const page = await reading.next(BATCH_EVENTS_MAX, READ_WAIT);
      if (page === 'idle')
        throw new ClientFault({ kind: 'late' }, `no events came for ${READ_WAIT} ms`);
      if (page === undefined) return { events, seen, last };
      events.push(...page.events);
      seen += page.seen;
      last = page.reached ?? last;
    }
  } finally {
    reading.cancel();
  }
};
