import type { EventLog } from '../../core/kernel/eventLog.ts';
import type { Position } from '../../core/kernel/ids.ts';
import { knownEvents } from './follower.ts';
import type { Event, Tail } from './tail.ts';

type TailRead = Pick<Tail, 'after' | 'floor' | 'head'>;

/** What comes after a position, and the position that is reached with it. */
export type Portion = Readonly<{ events: readonly Event[]; to: Position }>;

type Page = Awaited<ReturnType<EventLog['readAll']>>;

/**
 * Events in order from wherever they are: the tail if it reaches back far enough, pages of the log
 * otherwise. While one page is being written to the database the next is already being read.
 */
export class Source {
  readonly #log: EventLog;
  readonly #tail: TailRead;
  #next: Readonly<{ after: Position; page: Promise<Page> }> | undefined;

  constructor(log: EventLog, tail: TailRead) {
    this.#log = log;
    this.#tail = tail;
  }

  /** `to` equals `after` when there is nothing new. Throws what reading the log throws. */
  async read(after: Position, max: number): Promise<Portion> {
    const events = this.#tail.after(after, max);
    if (events === undefined) return this.#readPage(after, max);
    if (this.#next?.after === after) this.#next = undefined;
    const last = events.at(-1)?.position ?? after;
    return { events, to: events.length === max ? last : Math.max(last, this.#tail.head) };
  }

  async #readPage(after: Position, max: number): Promise<Portion> {
    // The follower had seen the log up to here, so a page that comes to its end has seen that too.
    const { floor } = this.#tail;
    const ahead = this.#next?.after === after ? this.#next.page : undefined;
    this.#next = undefined;
    const page = await (ahead ?? this.#log.readAll({ after, max }));
    // What was read ahead may have ended before the floor came to where it is: never trusted for that.
    const isEnd = page.end && ahead === undefined;
    const to = isEnd ? Math.max(page.next, floor) : page.next;
    if (!page.end) this.#readAhead(to, max);
    const events = knownEvents(page.events);
    // An end read ahead, and nothing in it: ask the log itself.
    return page.end && !isEnd && to === after ? this.#readPage(after, max) : { events, to };
  }

  #readAhead(after: Position, max: number): void {
    const page = this.#log.readAll({ after, max });
    // Whoever takes the page gets the error; if nobody does, it concerns nobody.
    page.catch(() => undefined);
    this.#next = { after, page };
  }
}
