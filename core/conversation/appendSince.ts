import type { EventLog } from '../kernel/eventLog.ts';
import type { Refused } from '../kernel/decider.ts';
import type { Millis, Seq } from '../kernel/ids.ts';
import { appendOnce, onceAt, type NumberedWriters, type Once } from './appendOnce.ts';
import type { AppendNumbered, NumberedRefusal } from './decider.ts';
import { conversationOfStream } from './events.ts';
import { placesBackwards } from './load.ts';
import type { Known } from './ports.ts';

/** Places that are held at a time. */
const PART_MAX = 4_096;
/** Clocks of processes that write to one log may differ by less. */
const CLOCKS_APART_MS = 60_000;

type Deps = Readonly<{
  writers: NumberedWriters;
  known: Pick<Known, 'message'>;
  log: Pick<EventLog, 'readPlaces'>;
}>;

/** Appends what follows from a fact of that time, or finds it appended before. */
export type AppendSince = (
  wish: AppendNumbered,
  since: Millis,
) => Promise<Once | Refused<NumberedRefusal>>;

/**
 * Whoever does again what follows from a fact may come long after whoever died with it: what is beyond the writer's
 * window is looked for in the log, as far back as the fact.
 */
export const appendSince = ({ writers, known, log }: Deps): AppendSince => {
  const append = appendOnce({ writers, known });
  const read = placesBackwards(log, () => Promise.resolve());

  const seqBefore = async (
    { stream, id }: AppendNumbered,
    before: Seq,
    until: Millis,
  ): Promise<Seq | undefined> => {
    for (let from = before; ;) {
      const places = await read({ stream, from: from - 1, max: PART_MAX, min: 0, until });
      const found = places.find((place) => place.id === id);
      if (found !== undefined) return found.revision + 1;
      const oldest = places.at(-1);
      if (oldest === undefined || oldest.created <= until) return undefined;
      from = oldest.revision + 1;
    }
  };

  return async (wish, since) => {
    const until = since - CLOCKS_APART_MS;
    const { window } = await writers.state(wish.stream);
    const seq = window.reachesBackTo(until) ? undefined : await seqBefore(wish, window.from, until);
    if (seq === undefined) return append(wish);
    const event = await known.message(conversationOfStream(wish.stream), seq);
    if (event === undefined) throw new Error(`${wish.stream} has no event ${String(seq)}`);
    return onceAt(event);
  };
};
