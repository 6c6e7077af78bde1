import { expect, test } from 'vitest';
import type { UserId } from '../../../core/kernel/ids.ts';
import { inRounds } from '../../../infra/keys/rounds.ts';

const user = (number: number): UserId => `user${String(number).padStart(4, '0')}` as UserId;

/** Questions that are answered when the test says so. */
const asked = () => {
  const questions: (readonly UserId[])[] = [];
  const answers: ((error?: Error) => void)[] = [];
  const ask = inRounds((subjects) => {
    questions.push(subjects);
    return new Promise<string>((resolve, reject) => {
      answers.push((error) => {
        if (error === undefined) resolve(subjects.join());
        else reject(error);
      });
    });
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { ask, questions, answer: (error?: Error) => answers.shift()?.(error), turn };
};

test('[NOD-1] a thousand users that are wanted at once are two questions, and never two at a time', async () => {
  const { ask, questions, answer, turn } = asked();
  const first = ask([user(1)]);
  await turn();
  expect(questions).toEqual([[user(1)]]);
  const others = Array.from({ length: 999 }, (_, at) => ask([user(1_000 - at)]));
  await turn();
  expect(questions).toHaveLength(1);
  answer();
  expect(await first).toBe(user(1));
  await turn();
  expect(questions).toHaveLength(2);
  expect(questions[1]).toEqual(Array.from({ length: 999 }, (_, at) => user(at + 2)));
  answer();
  const all = await Promise.all(others);
  expect(new Set(all).size).toBe(1);
});

test('who is wanted while a question is under way is asked about after it, though the same was asked before', async () => {
  const { ask, questions, answer, turn } = asked();
  const before = ask([user(1)]);
  await turn();
  const after = ask([user(1), user(1)]);
  answer();
  await before;
  await turn();
  answer();
  await after;
  expect(questions).toEqual([[user(1)], [user(1)]]);
});

test('a question that fails is told to those that share it, and the next is asked all the same', async () => {
  const { ask, answer, turn } = asked();
  const [one, other] = [ask([user(1)]), ask([user(2)])];
  const told = Promise.allSettled([one, other]);
  await turn();
  const next = ask([user(3)]);
  answer(new Error('away'));
  expect((await told).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await turn();
  answer();
  expect(await next).toBe(user(3));
});
