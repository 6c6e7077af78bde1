import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NotAnswerable } from '../../../../gateways/ports.ts';
import { eachExactly, exactly } from '../../../../infra/app/capabilities/exactly.ts';
import { Uncovered } from '../../../../projections/chats/atHead.ts';

const WITHIN = 1_000;
const ask = exactly(WITHIN);

/** As `pg` tells of what Postgres says. */
const postgresSays = (code: string): Error =>
  Object.assign(new Error(code), { code, severity: 'ERROR' });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('what Postgres takes and does not answer is not answerable after its time', async () => {
  const asked = expect(ask(() => new Promise(() => undefined))).rejects.toThrow(NotAnswerable);
  await vi.advanceTimersByTimeAsync(WITHIN);
  await asked;
});

test('an answer in time is the answer, and leaves no timer', async () => {
  expect(await ask(() => Promise.resolve(7))).toBe(7);
  expect(vi.getTimerCount()).toBe(0);
});

const PASSING: readonly (readonly [string, Error])[] = [
  ['the tables are too far behind', new Uncovered('behind')],
  ['there is no such database', postgresSays('3D000')],
  ['there is no such schema', postgresSays('3F000')],
  ['there is no such table', postgresSays('42P01')],
  ['the server shuts down', postgresSays('57P01')],
  ['the connection is lost', new Error('Connection terminated unexpectedly')],
];
test.each(PASSING)('while %s the question may be asked again', async (_, fault) => {
  await expect(ask(() => Promise.reject(fault))).rejects.toThrow(NotAnswerable);
});

test('a mistake of ours stays a fault', async () => {
  await expect(ask(() => Promise.reject(postgresSays('42601')))).rejects.toThrow('42601');
  await expect(ask(() => Promise.reject(new TypeError('x is not y')))).rejects.toThrow(TypeError);
});

test('each of several questions is asked so, with all that it takes', async () => {
  const lists = eachExactly(ask, {
    sum: async (one: number, other: number) => one + other,
    lost: async (): Promise<string> => Promise.reject(new Uncovered('behind')),
  });
  expect(await lists.sum(1, 2)).toBe(3);
  await expect(lists.lost()).rejects.toThrow(NotAnswerable);
});
