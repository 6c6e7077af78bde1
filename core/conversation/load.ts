import type { EventLog } from '../kernel/eventLog.ts';
import type { Recorded } from '../kernel/fact.ts';
import type { Loaded } from '../kernel/writer.ts';
import { numbered, type Numbered } from './decider.ts';
import type { NumberedEvent } from './events.ts';
import { SentWindow, WINDOW_MESSAGES, WINDOW_MESSAGES_MAX, WINDOW_MS } from './sentWindow.ts';

/** Events read at a time, backwards, until the window is full. */
const PAGE = 512;

/**
 * A conversation may be long, so its state is not folded from the start: only as much is read, from the
 * newest event backwards, as the window of once-only sends needs.
 */
export const loadNumbered =
  (log: EventLog) =>
  async (stream: string): Promise<Loaded<Numbered>> => {
    const newestFirst: Recorded<NumberedEvent>[] = [];
    let from: number | 'end' = 'end';
    while (!isFull(newestFirst)) {
      const page: readonly Recorded<NumberedEvent>[] = await log.readStream<NumberedEvent>(stream, {
        from,
        direction: 'backwards',
        max: PAGE,
      });
      newestFirst.push(...page);
      const oldest = page.at(-1);
      if (page.length < PAGE || oldest === undefined || oldest.revision === 0) break;
      from = oldest.revision - 1;
    }
    const oldest = newestFirst.at(-1);
    if (oldest === undefined) return { state: numbered.initialState, revision: -1 };
    const start: Numbered = {
      ...numbered.initialState,
      window: SentWindow.startingAt(oldest.revision + 1),
    };
    return {
      state: newestFirst.toReversed().reduce(numbered.evolve, start),
      revision: newestFirst[0]?.revision ?? -1,
    };
  };

const isFull = (newestFirst: readonly Recorded<NumberedEvent>[]): boolean => {
  const newest = newestFirst[0];
  const oldest = newestFirst.at(-1);
  if (newest === undefined || oldest === undefined) return false;
  if (newestFirst.length >= WINDOW_MESSAGES_MAX) return true;
  const span = newest.data.sendTime - oldest.data.sendTime;
  return newestFirst.length >= WINDOW_MESSAGES && span > WINDOW_MS;
};
