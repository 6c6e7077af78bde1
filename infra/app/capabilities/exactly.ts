import { StoreUnavailable } from '../../../core/kernel/eventStore.ts';
import type { Millis } from '../../../core/kernel/ids.ts';
import { NotAnswerable } from '../../../gateways/ports.ts';
import { Uncovered } from '../../../projections/chats/atHead.ts';
import { isMissing } from '../../../projections/kernel/faults.ts';
import { isAway } from '../readModels/isAway.ts';

/**
 * A Postgres that takes a question and does not answer it counts as away after this time. A socket is
 * held for 8 s in all (gateways/ws/hold.ts), so it asks several times, each on another connection.
 */
export const SOCKET_ANSWER_MS_MAX = 1_500;
/** HTTP asks once, and its clients give up after 10 s too. */
export const HTTP_ANSWER_MS_MAX = 8_000;

export type Exactly = <T>(ask: () => Promise<T>) => Promise<T>;

class Unanswered extends Error {
  override name = 'Unanswered';
}

/**
 * Asks the read models, and the log for messages. Throws `NotAnswerable` where no exact answer can be had
 * for now: either is away, Postgres hangs or has lost the tables, or they are too far behind what this
 * process remembers.
 */
export const exactly =
  (withinMs: Millis): Exactly =>
  async <T>(ask: () => Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Unanswered(`Postgres has not answered in ${String(withinMs)} ms`));
      }, withinMs);
    });
    try {
      return await Promise.race([ask(), late]);
    } catch (error) {
      const passes =
        error instanceof Uncovered ||
        error instanceof Unanswered ||
        error instanceof StoreUnavailable ||
        isAway(error) ||
        isMissing(error);
      if (!passes) throw error;
      throw new NotAnswerable('no exact answer can be given for now; try again', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };

/** Whatever may be asked, each by name. */
type Questions = Readonly<Record<string, (...asked: never[]) => Promise<unknown>>>;

/** The same questions, each of them asked exactly. */
export const eachExactly = <Q extends Questions>(exactly: Exactly, questions: Q): Q => {
  const asking = Object.entries(questions).map(
    ([name, ask]) => [name, (...asked: never[]) => exactly(() => ask(...asked))] as const,
  );
  // By the same names, and each answers what it did.
  return Object.fromEntries(asking) as Q;
};
