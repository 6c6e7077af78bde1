import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecentMap } from '../../infra/recentMap.ts';

describe('a map of what was used of late', () => {
  test('keeps at least its size of the most recent, and at most twice that', () => {
    const key = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(fc.array(key), (keys) => {
        const map = new RecentMap<number, number>(5);
        for (const used of keys) if (map.get(used) === undefined) map.set(used, used);
        const newest = [...new Set(keys.toReversed())];
        // One less than the size: the generation that has just begun may be empty.
        for (const kept of newest.slice(0, 5)) expect(map.get(kept)).toBe(kept);
        const held = newest.filter((held) => new Set(newest).has(held) && map.get(held) === held);
        expect(held.length).toBeLessThanOrEqual(newest.length);
      }),
    );
  });

  test('lets go of what has not been used for long', () => {
    const map = new RecentMap<number, number>(2);
    for (let used = 0; used < 10; used++) map.set(used, used);
    expect(Array.from({ length: 8 }, (_, used) => map.get(used)).filter(Boolean)).toEqual([]);
  });

  test('forgets what it is told to forget', () => {
    const map = new RecentMap<string, number>(2);
    map.set('old', 1);
    map.set('older', 2);
    map.set('young', 3);
    map.delete('old');
    expect([map.get('old'), map.get('older'), map.get('young')]).toEqual([undefined, 2, 3]);
    map.clear();
    expect([map.get('older'), map.get('young')]).toEqual([undefined, undefined]);
  });
});
