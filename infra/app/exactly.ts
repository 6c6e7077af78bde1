import { NotAnswerable } from '../../gateways/ports.ts';
import { Uncovered } from '../../projections/chats/atHead.ts';
import { isMissing } from '../../projections/kernel/faults.ts';

/**
 * A Postgres that takes a question and does not answer it counts as away after this time. A socket is
 * held for 8 s in all (gateways/ws/hold.ts): one question that hangs is the whole of that, and is not
 * asked a second time, for it would only stand in the way of those that wait for a connection.
 */
const ANSWER_MS_MAX = 7_800;

class Unanswered extends Error {
  override name = 'Unanswered';
}

/**
 * Asks the read models. Throws `NotAnswerable` where no exact answer can be had for now: Postgres is
 * away, hangs, or has lost the tables, or they are too far behind what this process remembers.
 */
export const exactly =
  (isAway: (error: unknown) => boolean) =>
  async <T>(ask: () => Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Unanswered(`Postgres has not answered in ${String(ANSWER_MS_MAX)} ms`));
      }, ANSWER_MS_MAX);
    });
    try {
      return await Promise.race([ask(), late]);
    } catch (error) {
      const passes =
        error instanceof Uncovered ||
        error instanceof Unanswered ||
        isAway(error) ||
        isMissing(error);
      if (!passes) throw error;
      throw new NotAnswerable('no exact answer can be given for now; try again', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };
