import type { UserId } from '../../core/kernel/ids.ts';

/** What is asked for by the next question, and its answer. */
type Round<T> = Readonly<{ wanted: Set<UserId>; answer: Promise<T> }>;

/**
 * One question at a time, of all that has been wanted while the one before was under way or in the same turn of the
 * event loop: a thousand users who are registered at once are a handful of statements and need one connection. Each
 * question is asked after everybody who shares it has come.
 */
export const inRounds = <T>(
  ask: (subjects: readonly UserId[]) => Promise<T>,
): ((subjects: Iterable<UserId>) => Promise<T>) => {
  let next: Round<T> | undefined;
  let before: Promise<unknown> = Promise.resolve();

  const begin = (): Round<T> => {
    const wanted = new Set<UserId>();
    const answer = Promise.all([before, turn()]).then(() => {
      next = undefined;
      // Always in one order: two processes that make keys for the same users must not wait for each other.
      return ask([...wanted].sort());
    });
    // Whoever wants something of it is told how it failed; the next question is asked all the same.
    before = answer.catch(() => undefined);
    return { wanted, answer };
  };

  return (subjects) => {
    next ??= begin();
    for (const subject of subjects) next.wanted.add(subject);
    return next.answer;
  };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
