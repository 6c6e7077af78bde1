import { expect, test } from 'vitest';
import { Batches } from '../../../projections/kernel/batch.ts';
import type { AnyTable, Projection } from '../../../projections/kernel/model.ts';
import { Skips } from '../../../projections/kernel/skips.ts';
import { recorded, registered } from '../../support/userEvents.ts';

/** The tables below are in memory, and ask for nothing of it. */
const db = {} as never;

const projectionOf = (table: AnyTable): Projection => ({
  name: 'counted',
  version: 1,
  create: () => Promise.resolve(),
  clear: () => Promise.resolve(),
  tables: [table],
});

/** How often something has happened, in one row; `asked` are the keys that were looked for. */
const counting = (more: Partial<AnyTable> = {}) => {
  const stored = new Map<string, number>();
  const asked: string[] = [];
  const table: AnyTable = {
    keysOf: () => ['all'],
    fold: (count: number | undefined) => (count ?? 0) + 1,
    load: (_, keys) => {
      asked.push(...keys);
      return Promise.resolve(new Map(stored));
    },
    save: (_, rows) => {
      for (const [key, count] of rows) stored.set(key, Number(count));
      return Promise.resolve();
    },
    ...more,
  };
  return { table, stored, asked };
};

const events = (count: number) =>
  recorded(Array.from({ length: count }, (_, at) => registered(`u${String(at)}`)));

const spinFor = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test('a long batch lets all else have its turn between its events', async () => {
  const slow = counting({
    keysOf: () => {
      spinFor(0.2);
      return ['all'];
    },
    fold: (count: number | undefined) => {
      spinFor(0.2);
      return (count ?? 0) + 1;
    },
  });
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  const applied = new Batches(new Skips()).apply(db, [projectionOf(slow.table)], events(64));
  setImmediate(turn);
  await applied;
  isDone = true;
  // 64 events take 12 ms and more in each of the two passes, of which a slice takes some 3 ms.
  expect(turns).toBeGreaterThan(4);
  expect(slow.stored.get('all')).toBe(64);
});

test('rows are kept in memory for the next batch, unless they are not to be remembered', async () => {
  const kept = counting();
  const forgotten = counting({ remembered: false });
  for (const { table, stored, asked } of [kept, forgotten]) {
    const batches = new Batches(new Skips());
    for (let batch = 0; batch < 3; batch++) {
      const remember = await batches.apply(db, [projectionOf(table)], events(2));
      remember();
    }
    expect(stored.get('all')).toBe(6);
    expect(asked).toHaveLength(table === kept.table ? 1 : 3);
  }
});
