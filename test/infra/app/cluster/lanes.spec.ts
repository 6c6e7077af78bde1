import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lanes } from '../../../../infra/app/cluster/lanes.ts';

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

describe('[NOD-30] what goes to other places', () => {
  test('waits for what is under way, and keeps its order', async () => {
    const one = fc.record({
      place: fc.constantFrom('here', 'there', 'elsewhere'),
      takes: fc.nat(20),
      after: fc.nat(5),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 30 }), async (all) => {
        const lanes = new Lanes();
        const begun: number[] = [];
        const underWay = new Map<number, string>();
        const ends: Promise<unknown>[] = [];
        for (const [number, { place, takes, after, fails }] of all.entries()) {
          const go = async () => {
            begun.push(number);
            underWay.set(number, place);
            expect(new Set(underWay.values())).toEqual(new Set([place]));
            await turns(takes);
            underWay.delete(number);
            if (fails) throw new Error('it failed');
            return number;
          };
          ends.push(lanes.through('a chat', place, go).catch(() => number));
          await turns(after);
        }
        expect(await Promise.all(ends)).toEqual(all.map((_, number) => number));
        // Each once; and what goes to one place in the order in which it came.
        expect(begun.toSorted((a, b) => a - b)).toEqual(all.map((_, number) => number));
        for (const place of ['here', 'there', 'elsewhere']) {
          const mine = begun.filter((number) => all[number]?.place === place);
          expect(mine).toEqual(mine.toSorted((a, b) => a - b));
        }
        expect(begun).toEqual(begun.toSorted((a, b) => a - b));
      }),
    );
  });

  test('of other names is not waited for', async () => {
    const lanes = new Lanes();
    let end: () => void = () => undefined;
    const slow = lanes.through('a chat', 'here', () => new Promise<void>((done) => (end = done)));
    expect(await lanes.through('another', 'there', () => Promise.resolve('done'))).toBe('done');
    end();
    await slow;
  });

  test('begins at once where nothing is under way', () => {
    const lanes = new Lanes();
    let begun = false;
    void lanes.through('a chat', 'here', () => {
      begun = true;
      return Promise.resolve();
    });
    expect(begun).toBe(true);
  });
});
