import type { Millis } from '../../core/kernel/ids.ts';

/** Questions under way at a time: about what a Postgres that is well answers in a second. */
export const QUESTIONS_MAX = 2_000;
/**
 * Longer than a socket is held for an answer. A question that takes still longer may be on a connection that
 * has fallen silent: the next asks for itself.
 */
export const SHARED_MS = 9_000;

/**
 * Asks each question once at a time: whoever asks what is being asked already waits for the same answer.
 * Postgres cannot be told that nobody waits for it any more, so one that is slow must not be asked the
 * same again by everybody who has lost patience. `busy`: as much is being asked as may be.
 */
export const asking = <Answer>(now: () => Millis, max = QUESTIONS_MAX) => {
  const running = new Map<string, Readonly<{ since: Millis; answer: Promise<Answer> }>>();
  let count = 0;
  return (question: string, ask: () => Promise<Answer>): Promise<Answer | 'busy'> => {
    const known = running.get(question);
    const since = now();
    if (known !== undefined && since - known.since < SHARED_MS) return known.answer;
    if (count >= max) return Promise.resolve('busy');
    const mine = { since, answer: ask() };
    const done = (): void => {
      count -= 1;
      if (running.get(question) === mine) running.delete(question);
    };
    count += 1;
    running.set(question, mine);
    mine.answer.then(done, done);
    return mine.answer;
  };
};
