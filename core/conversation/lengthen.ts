import type { EventLog } from '../kernel/eventLog.ts';
import type { Millis } from '../kernel/ids.ts';
import { entriesOf, placesBackwards, timeBefore } from './load.ts';
import type { SentWindow } from './sentWindow.ts';

/** Messages taken in at a time: they are held until the oldest of them has been read. */
const PART_MAX = 16_384;
/** Between two pages: sends come first, and this takes a quarter of what they leave at most. */
const PAUSE_MS = 5;
/** Windows that may wait for their turn. What comes on top of them grows by itself, in 15 minutes. */
const WAITING_MAX = 1_000;

type LengthenDeps = Readonly<{
  log: Pick<EventLog, 'readPlaces'>;
  pause: (ms: Millis) => Promise<void>;
  /** A window is left as it is. */
  onFault: (error: unknown, stream: string) => void;
}>;

type Lacking = Readonly<{ stream: string; window: SentWindow; until: Millis }>;

/**
 * After a restart a busy conversation's window begins short. This reads on backwards, behind the sends, one
 * window at a time, until it reaches as far as it would have done.
 */
export const lengthenWindows = ({ log, pause, onFault }: LengthenDeps) => {
  const waiting: Lacking[] = [];
  const read = placesBackwards(log, () => pause(PAUSE_MS));
  let running = false;

  const lengthen = async ({ stream, window, until }: Lacking): Promise<void> => {
    // Where it does not begin there any more, memory has become short, or time has passed.
    for (let { from } = window; from === window.from && !window.reachesBackTo(until);) {
      const entries = entriesOf(
        await read({ stream, from: from - 1, max: PART_MAX, min: 0, until }),
      );
      const [oldest] = entries;
      if (oldest === undefined || !window.lengthen(entries, timeBefore(oldest))) return;
      from = oldest.seq;
      await pause(PAUSE_MS);
    }
  };

  const run = async (): Promise<void> => {
    running = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await lengthen(next);
      } catch (error) {
        onFault(error, next.stream);
      }
    }
    running = false;
  };

  return (stream: string, window: SentWindow, until: Millis): void => {
    if (waiting.length >= WAITING_MAX) return;
    waiting.push({ stream, window, until });
    if (!running) void run();
  };
};
