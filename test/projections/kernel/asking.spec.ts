import { expect, test } from 'vitest';
import { asking, SHARED_MS } from '../../../projections/kernel/asking.ts';

/** Questions that are answered, or fail, when a test says so. */
const open = () => {
  const pending: Readonly<{ resolve: (answer: string) => void; reject: (error: Error) => void }>[] =
    [];
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      pending.push({ resolve, reject });
    });
  return { pending, ask };
};

test('[WIR-25] a question that is being asked is not asked again, and afterwards it is', async () => {
  const { pending, ask } = open();
  const asked = asking<string>(() => 0);
  const both = Promise.all([asked('a', ask), asked('a', ask)]);
  pending[0]?.resolve('one');
  expect(await both).toEqual(['one', 'one']);
  const later = asked('a', ask);
  expect(pending).toHaveLength(2);
  pending[1]?.resolve('two');
  expect(await later).toBe('two');
});

test('[WIR-25] no more is asked at a time than may be, and a fault makes room too', async () => {
  const { pending, ask } = open();
  const asked = asking<string>(() => 0, 2);
  const first = asked('a', ask);
  const second = asked('b', ask);
  expect(await asked('c', ask)).toBe('busy');
  pending[0]?.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  const third = asked('c', ask);
  expect(pending).toHaveLength(3);
  for (const { resolve } of pending) resolve('well');
  expect(await Promise.all([second, third])).toEqual(['well', 'well']);
});

test('[WIR-25] one that is not answered is asked anew after a time, and its answer is its own', async () => {
  const { pending, ask } = open();
  let now = 0;
  const asked = asking<string>(() => now, 2);
  const silent = asked('a', ask);
  now = SHARED_MS;
  const again = asked('a', ask);
  const withIt = asked('a', ask);
  expect(pending).toHaveLength(2);
  expect(await asked('b', ask)).toBe('busy');
  pending[1]?.resolve('here');
  expect(await Promise.all([again, withIt])).toEqual(['here', 'here']);
  pending[0]?.resolve('late');
  expect(await silent).toBe('late');
});
