import type { EventLog, Place } from '../kernel/eventLog.ts';
import type { Recorded } from '../kernel/fact.ts';
import type { Millis, Seq } from '../kernel/ids.ts';
import type { Loaded } from '../kernel/writer.ts';
import { AHEAD_MS_MAX, numbered, partiesIn, type Numbered } from './decider.ts';
import type { NumberedEvent } from './events.ts';
import { SentWindow, WINDOW_MS, type SentEntry } from './sentWindow.ts';

/** Events read at a time, backwards: two milliseconds of work on the embedded log, 30 over EventStoreDB. */
const PAGE = 512;
/**
 * A first send waits for this many: a process that has just been started has many conversations to load. What one
 * lacks in which more was said lately is read behind its sends.
 */
export const LOADED_MAX = 64;

/**
 * Places of one stream, newest first from a number on, until they reach back to that time, or there are so
 * many, or no more.
 */
type Backwards = Readonly<{ stream: string; from: Seq; max: number; until: Millis; min: number }>;

export const placesBackwards =
  (log: Pick<EventLog, 'readPlaces'>, betweenPages: () => Promise<void>) =>
  async ({ stream, from, max, until, min }: Backwards): Promise<readonly Place[]> => {
    const places: Place[] = [];
    for (let next = from - 1; next >= 0;) {
      const page = await log.readPlaces(stream, {
        from: next,
        direction: 'backwards',
        max: Math.min(PAGE, max - places.length),
      });
      places.push(...page);
      const oldest = page.at(-1);
      if (oldest === undefined || places.length >= max) break;
      if (oldest.created <= until && places.length >= min) break;
      next = oldest.revision - 1;
      await betweenPages();
    }
    return places;
  };

/** As the window takes them: oldest first, and by the store's time. */
export const entriesOf = (places: readonly Place[]): readonly SentEntry[] =>
  places
    .map(({ id, revision, created }) => ({ id, seq: revision + 1, sendTime: created }))
    .reverse();

/** No message before the oldest of these entries was sent later than this: send times run ahead by so much. */
export const timeBefore = ({ seq, sendTime }: SentEntry): Millis =>
  seq === 1 ? -Infinity : sendTime + AHEAD_MS_MAX;

/**
 * A conversation may be long, so its state is not folded from the start: who takes part and its newest time
 * are in its newest event, and of those before only as many ids are read as its window needs.
 */
export const loadNumbered =
  (
    log: EventLog,
    /** Told of a window that does not reach back as far as it should, with the time it should reach. */
    lacking: (stream: string, window: SentWindow, until: Millis) => void,
  ) =>
  async (stream: string): Promise<Loaded<Numbered>> => {
    const [newest]: readonly Recorded<NumberedEvent>[] = await log.readStream<NumberedEvent>(
      stream,
      {
        from: 'end',
        direction: 'backwards',
        max: 1,
      },
    );
    if (newest === undefined) return { state: numbered.initialState, revision: -1 };
    const until = newest.created - WINDOW_MS;
    const places = await placesBackwards(log, () => Promise.resolve())({
      stream,
      from: newest.revision + 1,
      max: LOADED_MAX,
      min: LOADED_MAX,
      until,
    });
    const entries = entriesOf(places);
    const [oldest] = entries;
    if (oldest === undefined)
      throw new Error(`${stream} has lost revision ${String(newest.revision)}`);
    const window = entries.reduce(
      (before, entry) => before.with(entry),
      SentWindow.startingAt(oldest.seq, timeBefore(oldest)),
    );
    if (!window.reachesBackTo(until)) lacking(stream, window, until);
    const { data, revision } = newest;
    return { state: { parties: partiesIn(data), lastSendTime: data.sendTime, window }, revision };
  };
