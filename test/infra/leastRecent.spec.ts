import { expect, test } from 'vitest';
import { LeastRecent } from '../../infra/leastRecent.ts';

test('a bounded map lets go of what has not been asked for the longest', () => {
  const map = new LeastRecent<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  expect(map.get('a')).toBe(1);
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  map.set('a', 4);
  expect([map.size, map.get('a')]).toEqual([2, 4]);
  map.delete('a');
  expect(map.size).toBe(1);
  map.clear();
  expect(map.size).toBe(0);
});
