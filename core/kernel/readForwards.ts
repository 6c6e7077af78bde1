import type { EventLog } from './eventLog.ts';
import type { AnyFact, Recorded } from './fact.ts';
import type { Revision } from './ids.ts';

/** Events read at a time. */
const PAGE = 500;

/**
 * Hands on every event of a stream, oldest first, for states that are too large to be made anew at each.
 * Resolves the newest revision; -1: there is no event.
 */
export const readForwards = async <E extends AnyFact>(
  log: Pick<EventLog, 'readStream'>,
  stream: string,
  take: (event: Recorded<E>) => void,
): Promise<Revision> => {
  for (let revision = -1; ;) {
    const events = await log.readStream<E>(stream, {
      from: revision + 1,
      direction: 'forwards',
      max: PAGE,
    });
    for (const event of events) take(event);
    revision = events.at(-1)?.revision ?? revision;
    if (events.length < PAGE) return revision;
  }
};
