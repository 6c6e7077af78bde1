import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TraceBuffer } from '../../../infra/observe/traceBuffer.ts';

const BEGUN = 1_700_000_000_000;

type Record = Readonly<{ kind: number; at: number; words: readonly number[] }>;

const recordsOf = (buffer: TraceBuffer): readonly Record[] => {
  const all: Record[] = [];
  buffer.each((kind, at, word, length) => {
    all.push({ kind, at, words: Array.from({ length }, (_, index) => word(index)) });
  });
  return all;
};

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const step = fc.record({
  kind: fc.integer({ min: 1, max: 15 }),
  // A clock may step back.
  wait: fc.integer({ min: -5, max: 50 }),
  words: fc.array(word, { maxLength: 24 }),
  forgets: fc.boolean(),
});

describe('[EXP-3] what is remembered in a piece of memory', () => {
  test('is the newest records, whole and in their order, in no more than the memory', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 2_000 }),
        fc.array(step, { maxLength: 200 }),
        (bytes, steps) => {
          const buffer = new TraceBuffer(bytes, BEGUN);
          const made: Record[] = [];
          let [at, newest] = [BEGUN, BEGUN];
          for (const { kind, wait, words, forgets } of steps) {
            at += wait;
            if (forgets) buffer.forget(at - 40);
            if (!buffer.add(kind, at, Uint32Array.from(words), words.length)) continue;
            newest = Math.max(newest, at);
            made.push({ kind, at: newest, words });
          }
          const kept = recordsOf(buffer);
          expect(kept).toEqual(made.slice(made.length - kept.length));
          expect(buffer.count).toBe(kept.length);
          expect(buffer.bytes).toBeLessThanOrEqual(bytes);
          // [EXP-4] What was made later than it says is all there.
          const { completeAfter } = buffer;
          const later = made.filter((one) => one.at > completeAfter);
          expect(kept.filter((one) => one.at > completeAfter)).toEqual(later);
        },
      ),
    );
  });

  test('goes once it is too old, and says so', () => {
    const buffer = new TraceBuffer(1_000, BEGUN);
    for (let at = 1; at <= 10; at += 1) buffer.add(1, BEGUN + at, Uint32Array.of(at), 1);
    expect(buffer.completeAfter).toBe(BEGUN);
    buffer.forget(BEGUN + 7);
    expect(recordsOf(buffer).map(({ words }) => words)).toEqual([[8], [9], [10]]);
    expect(buffer.completeAfter).toBe(BEGUN + 7);
    buffer.forget(BEGUN + 99);
    expect(buffer).toMatchObject({ count: 0, bytes: 0 });
  });

  test('keeps its times for longer than any process runs', () => {
    const buffer = new TraceBuffer(1_000, BEGUN);
    const late = BEGUN + 3 * 365 * 24 * 3_600_000;
    buffer.add(15, late, Uint32Array.of(2 ** 32 - 1), 1);
    expect(recordsOf(buffer)).toEqual([{ kind: 15, at: late, words: [2 ** 32 - 1] }]);
  });

  test('has no room for what is larger than all of it', () => {
    const buffer = new TraceBuffer(16, BEGUN);
    expect(buffer.add(1, BEGUN, Uint32Array.of(1, 2, 3), 3)).toBe(false);
    expect(buffer.add(1, BEGUN, Uint32Array.of(1, 2), 2)).toBe(true);
  });
});
