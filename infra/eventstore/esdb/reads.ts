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
import { faultOf } from './callFaults.ts';
import type { LogClient } from './client.ts';
import { ClientFault, isPassing } from './faults.ts';
import {
  BATCH_EVENTS_MAX,
  PAGE_EVENTS_MAX,
  READS_MAX,
  READ_ATTEMPTS_MAX,
  READ_LOOKS_EVERY,
  READ_WAIT,
  backoff,
} from './limits.ts';
import type { Page, Reading } from './reading.ts';

type Whole = Readonly<{
  events: readonly StoredEvent[];
  seen: number;
  last: Position | undefined;
}>;

export type ReadsOptions = Readonly<{ attempts?: number; away?: () => string | undefined }>;

/** Reads that come to an end. Each is tried again when the connection fails it: reading twice is reading. */
export class Reads {
  readonly #client: LogClient;
  readonly #attempts: number;
  /** Why it is of no use to ask the store now, if it is known to be away for long. */
  readonly #away: () => string | undefined;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(
    client: LogClient,
    { attempts = READ_ATTEMPTS_MAX, away = () => undefined }: ReadsOptions = {},
  ) {
    this.#client = client;
    this.#attempts = attempts;
    this.#away = away;
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
  async all(options: ReadAll): Promise<AllPage> {
    const { from, direction, max } = options;
    const forwards = direction === 'forwards';
    if (from === 'end' && forwards)
      return { events: [], next: await this.lastPosition(), end: true };
    if (!forwards && (from === 'start' || from === 0)) return { events: [], next: 0, end: true };
    if (max <= 0) return this.#emptyPage(from);
    return this.#page(options, from === 0 ? 'start' : from);
  }

  /** Of the last event of all, the store's own among them; 0 when there is none. */
  async lastPosition(): Promise<Position> {
    const part = { from: 'end', direction: 'backwards', count: 1 } as const;
    return (await this.#whole(() => this.#client.readAll(part))).last ?? 0;
  }

  async #page(
    { direction, max, prefixes }: ReadAll,
    from: Position | 'start' | 'end',
  ): Promise<AllPage> {
    const isPosition = typeof from === 'number';
    // Forwards the server begins with the event that is named, and the port after it.
    const named = direction === 'forwards' && isPosition ? from : undefined;
    const count = Math.min(PAGE_EVENTS_MAX, max) + (named === undefined ? 0 : 1);
    const { events, seen, last } = await this.#whole(() =>
      this.#client.readAll({ from, direction, count }),
    );
    const concerns = streamFilter(prefixes);
    return {
      events: events.filter(({ stream, position }) => position !== named && concerns(stream)),
      next: last ?? (isPosition ? from : 0),
      end: seen < count,
    };
  }

  async #emptyPage(from: ReadAll['from']): Promise<AllPage> {
    const next = typeof from === 'number' ? from : from === 'end' ? await this.lastPosition() : 0;
    return { events: [], next, end: false };
  }

  async #whole(open: () => Reading): Promise<Whole> {
    await this.#enter();
    try {
      for (let attempt = 1; attempt < this.#attempts; attempt++) {
        const whole = await attemptOf(open, this.#away);
        if (!(whole instanceof ClientFault)) return whole;
        await pause(backoff(attempt));
      }
      const whole = await attemptOf(open, this.#away);
      if (whole instanceof ClientFault) throw unreadable(whole);
      return whole;
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

/** A fault that may pass is returned, and any other thrown. */
const attemptOf = async (
  open: () => Reading,
  away: () => string | undefined,
): Promise<Whole | ClientFault> => {
  const reason = away();
  if (reason !== undefined) throw unreadable(new ClientFault({ kind: 'away' }, reason));
  try {
    return await toTheEnd(open(), away);
  } catch (error) {
    const fault = faultOf(error);
    if (!isPassing(fault) || fault.reason.kind === 'denied') throw fault;
    // Whoever asked has waited long enough.
    if (fault.reason.kind === 'late') throw unreadable(fault);
    return fault;
  }
};

const unreadable = (cause: ClientFault): StoreUnavailable =>
  new StoreUnavailable(`the event store cannot be read: ${cause.message}`, { cause });

const toTheEnd = async (reading: Reading, away: () => string | undefined): Promise<Whole> => {
  const events: StoredEvent[] = [];
  let seen = 0;
  let last: Position | undefined;
  try {
    for (;;) {
      const page = await pageOf(reading, away);
      if (page === undefined) return { events, seen, last };
      events.push(...page.events);
      seen += page.seen;
      last = page.reached;
    }
  } finally {
    reading.cancel();
  }
};

/** @throws ClientFault (late) where nothing comes for too long, or the store is known to be away */
const pageOf = async (
  reading: Reading,
  away: () => string | undefined,
): Promise<Page | undefined> => {
  for (let waited = READ_LOOKS_EVERY; ; waited += READ_LOOKS_EVERY) {
    const page = await reading.next(BATCH_EVENTS_MAX, READ_LOOKS_EVERY);
    if (page !== 'idle') return page;
    const late = waited >= READ_WAIT ? `no events came for ${READ_WAIT} ms` : away();
    if (late !== undefined) throw new ClientFault({ kind: 'late' }, late);
  }
};
