import type { AllPage, EventStore, ReadAll, StoredEvent } from '../../../core/kernel/eventStore.ts';
import type { Position } from '../../../core/kernel/ids.ts';
import { OWN_PREFIXES } from '../prefixes.ts';

/** Events looked at for a page; an adapter may give fewer. */
const PAGE = 2_000;

/** As much of an event store as is read of a log that is copied, compared or checked. */
export type Readable = Pick<EventStore, 'readAll' | 'readStream' | 'head'>;

type Page = Pick<AllPage, 'events' | 'next'>;

/** All events of Seqline's streams after a position, in order; the next page is read meanwhile. */
export async function* ownPages(
  log: Pick<EventStore, 'readAll'>,
  after: Position | 'start',
): AsyncGenerator<Page> {
  const read = (from: ReadAll['from']): Promise<AllPage> => {
    const page = log.readAll({ from, direction: 'forwards', max: PAGE, prefixes: OWN_PREFIXES });
    // Whoever takes the page gets the error; if nobody does, it concerns nobody.
    page.catch(() => undefined);
    return page;
  };
  for (let ahead = read(after); ;) {
    const page = await ahead;
    if (!page.end) ahead = read(page.next);
    yield page;
    if (page.end) return;
  }
}

/** The same, one by one; `undefined` at the end, as often as it is asked. */
export class OwnEvents {
  readonly #pages: AsyncGenerator<Page>;
  #page: readonly StoredEvent[] = [];
  #at = 0;

  constructor(log: Pick<EventStore, 'readAll'>, after: Position | 'start' = 'start') {
    this.#pages = ownPages(log, after);
  }

  async next(): Promise<StoredEvent | undefined> {
    while (this.#at >= this.#page.length) {
      const next = await this.#pages.next();
      if (next.done === true) return undefined;
      this.#page = next.value.events;
      this.#at = 0;
    }
    return this.#page[this.#at++];
  }
}

/** The newest own events before a position, newest first. */
export const newestBefore = async (
  log: Pick<EventStore, 'readAll'>,
  before: Position | 'end',
  count: number,
): Promise<readonly StoredEvent[]> => {
  const found: StoredEvent[] = [];
  for (let from: ReadAll['from'] = before; found.length < count;) {
    const page = await log.readAll({
      ...{ from, direction: 'backwards', max: PAGE, prefixes: OWN_PREFIXES },
    } as const);
    found.push(...page.events);
    if (page.end) break;
    from = page.next;
  }
  return found.slice(0, count);
};
