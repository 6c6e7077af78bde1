/** Questions under way at a time: about what a Postgres that is well answers in a second. */
export const QUESTIONS_MAX = 2_000;

/**
 * Asks each question once at a time: whoever asks what is being asked already waits for the same answer.
 * Postgres cannot be told that nobody waits for it any more, so one that is slow must not be asked the
 * same again by everybody who has lost patience. `busy`: as much is being asked as may be.
 */
export const asking = <Answer>(max = QUESTIONS_MAX) => {
  const running = new Map<string, Promise<Answer>>();
  return (question: string, ask: () => Promise<Answer>): Promise<Answer | 'busy'> => {
    const known = running.get(question);
    if (known !== undefined) return known;
    if (running.size >= max) return Promise.resolve('busy');
    const done = (): void => {
      running.delete(question);
    };
    const asked = ask();
    running.set(question, asked);
    asked.then(done, done);
    return asked;
  };
};
