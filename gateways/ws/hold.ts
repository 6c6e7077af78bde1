import type { Millis } from '../../core/kernel/ids.ts';
import { NotAnswerable } from '../ports.ts';
import type { Connection } from './connection.ts';

/** Go core gives a request up after 10 s and is not told: before that the socket is closed. */
export const HELD_MAX_MS = 8000;
/** How often it is tried again; what is waited for is a Postgres coming back. */
const RETRY_EVERY_MS = 250;

/** A request was held for as long as it may be: its socket is to be closed, so that it syncs again. */
export class HeldTooLong extends Error {
  override name = 'HeldTooLong';
}

/** Waits for some milliseconds. */
export type Wait = (milliseconds: number) => Promise<void>;

/**
 * Asks until there is an exact answer: clients take a wrong number for the truth and an error for the
 * end of their sync, but they do wait. A socket that is closed for it is at least `HELD_MAX_MS` old,
 * more than the 5 s within which Go core would not sync again (decisions 4.1, 5.4a).
 */
export const holding =
  (now: () => Millis, wait: Wait) =>
  async <T>(connection: Connection, ask: () => Promise<T>): Promise<T> => {
    const since = now();
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof NotAnswerable)) throw error;
        const over = now() - since + RETRY_EVERY_MS > HELD_MAX_MS;
        if (over || connection.closed !== undefined) throw new HeldTooLong(error.message);
      }
      await wait(RETRY_EVERY_MS);
    }
  };

export type Hold = ReturnType<typeof holding>;
