import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { deriveId, randomId } from '../../infra/ids.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Well-formed text: what can be told apart in UTF-8. */
const parts = fc.array(fc.string({ unit: 'grapheme', maxLength: 6 }), { maxLength: 4 });

describe('a derived id', () => {
  test('is the same on every node and in every version', () => {
    expect(deriveId('si_ann_bob', 'ann', '0a55c5f7')).toBe('265b5543-c5f5-5935-a0a5-1b55f0f289a0');
  });
  test('is a UUID of version 5', () => {
    fc.assert(
      fc.property(parts, (list) => {
        expect(UUID.exec(deriveId(...list))?.[1]).toBe('5');
        expect(deriveId(...list)).toBe(deriveId(...list));
      }),
    );
  });
  test('is another for any other list, however its parts join', () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(deriveId(...one) === deriveId(...other)).toBe(same);
      }),
    );
    expect(deriveId('a', 'bc')).not.toBe(deriveId('ab', 'c'));
    expect(deriveId('a', '1:b')).not.toBe(deriveId('a1:b'));
    expect(deriveId('')).not.toBe(deriveId());
    expect(deriveId('é')).not.toBe(deriveId('e\u0301'));
  });
  test.each([1, 1_000, 1_023, 1_024, 1_025, 100_000])(
    'of %i characters is hashed whole',
    (length) => {
      const text = 'é'.repeat(length);
      const name = `${String(2 * length)}:${text}`;
      const namespace = Buffer.from('5e91ce6b04d84b6f9c5a7c1d3f2a8e40', 'hex');
      const digest = createHash('sha1').update(namespace).update(name).digest('hex');
      expect(deriveId(text).replaceAll('-', '').slice(0, 12)).toBe(digest.slice(0, 12));
      expect(deriveId(text).slice(-12)).toBe(digest.slice(20, 32));
    },
  );
});

test('random ids differ', () => {
  const ids = new Set(Array.from({ length: 100 }, randomId));
  expect(ids.size).toBe(100);
  for (const id of ids) expect(id).toMatch(UUID);
});
