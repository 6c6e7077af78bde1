import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowCache } from '../../../projections/kernel/rowCache.ts';

const steps = fc.array(
  fc.record({ key: fc.integer({ min: 0, max: 20 }).map(String), row: fc.option(fc.nat()) }),
);

test('the row cache never gives a row but the newest, and never holds more than its bound', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const cache = new RowCache<number>(8);
      const rows = new Map<string, number>();
      for (const { key, row } of list) {
        const found = cache.get(key);
        if (found !== undefined) expect(found).toBe(rows.get(key));
        cache.set(key, row ?? undefined);
        if (row === null) rows.delete(key);
        else rows.set(key, row);
        expect(cache.get(key)).toBe(row ?? undefined);
        expect(cache.size).toBeLessThanOrEqual(8);
      }
    }),
  );
});

test('the row cache keeps what is used again and again', () => {
  const cache = new RowCache<number>(8);
  cache.set('hot', 1);
  for (let index = 0; index < 100; index++) {
    cache.set(String(index), index);
    expect(cache.get('hot')).toBe(1);
  }
});
