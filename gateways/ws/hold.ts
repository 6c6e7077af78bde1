import type { Position } from '../../core/kernel/ids.ts';
import { NotAnswerable } from '../ports.ts';
import type { Connection } from './connection.ts';

/** Go core gives a request up after 10 s and is not told: before that the socket is closed. */
export const HELD_MAX_MS = 8000;
/** How often it is tried again; what is waited for is a Postgres coming back. */
const RETRY_EVERY_MS = 250;
/** The follower is some milliseconds behind what others tell of. */
const FOLLOWED_AGAIN_MS = 10;

/** A request was held for as long as it may be: its socket is to be closed, so that it syncs again. */
export class HeldTooLong extends Error {
  override name = 'HeldTooLong';
}

/** Waits for some milliseconds. */
export type Wait = (milliseconds: number) => Promise<void>;
/** Rings after some milliseconds, unless what it returns is called before. */
export type Alarm = (milliseconds: number, ring: () => void) => () => void;

/** How far events have been told of, and how far reads reach. */
type Told = Readonly<{ announced: Position; followed: Position }>;

/**
 * Asks until there is an exact answer: clients take a wrong number for the truth and an error for the
 * end of their sync, but they do wait. However long a question itself takes, it is over after
 * `HELD_MAX_MS`; a socket that is closed for it is older than the 5 s within which Go core would not sync
 * again (decisions 4.1, 5.4a). What may have been pushed can be read, so that is waited for first.
 */
export const holding =
  (wait: Wait, alarm: Alarm, told: Told) =>
  async <T>(connection: Connection, ask: () => Promise<T>): Promise<T> => {
    const { announced } = told;
    let over = false;
    const untilAnswered = async (): Promise<T> => {
      while (told.followed < announced && !over) await wait(FOLLOWED_AGAIN_MS);
      while (!over && connection.closed === undefined) {
        try {
          return await ask();
        } catch (error) {
          if (!(error instanceof NotAnswerable)) throw error;
        }
        await wait(RETRY_EVERY_MS);
      }
      throw new HeldTooLong('nobody waits for it any more');
    };
    let stop = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      stop = alarm(HELD_MAX_MS, () => {
        over = true;
        reject(new HeldTooLong(`no exact answer in ${String(HELD_MAX_MS)} ms`));
      });
    });
    try {
      return await Promise.race([untilAnswered(), late]);
    } finally {
      stop();
    }
  };

export type Hold = ReturnType<typeof holding>;
