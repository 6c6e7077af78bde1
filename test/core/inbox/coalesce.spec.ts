import { describe, expect, test } from 'vitest';
import type { Mark } from '../../../core/conversation/markRead.ts';
import { coalesceMarks, READ_MARK_MS } from '../../../core/inbox/coalesce.ts';

/** Time that passes when the test says so. */
const steppedTime = () => {
  let pending: (() => void)[] = [];
  /** Lets everything that follows from what has happened run: a bounded number of turns. */
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    pause: (ms: number) => {
      expect(ms).toBe(READ_MARK_MS);
      return new Promise<void>((resolve) => pending.push(resolve));
    },
    pass: async () => {
      await settle();
      const due = pending;
      pending = [];
      for (const resolve of due) resolve();
      await settle();
    },
  };
};

const marker = () => {
  const time = steppedTime();
  const written: (readonly [string, readonly Mark[]])[] = [];
  const mark = coalesceMarks({
    pause: time.pause,
    write: (key, wanted) => {
      written.push([key, wanted]);
      return wanted.some((one) => one.upTo < 0)
        ? Promise.reject(new Error('no'))
        : Promise.resolve((one) => `${String(one.upTo)} of ${String(wanted.length)}`);
    },
  });
  return { mark, written, ...time };
};
const upTo = (seq: number): Mark => ({ upTo: seq, seqs: [seq] });

describe('read marks that come one after the other', () => {
  test('[SYN-8] the first is written at once', async () => {
    const { mark, written } = marker();
    await expect(mark('a', upTo(1))).resolves.toBe('1 of 1');
    expect(written).toEqual([['a', [upTo(1)]]]);
  });

  test('[SYN-8] those within half a second share one event, and each waits for it', async () => {
    const { mark, written, pass } = marker();
    await mark('a', upTo(1));
    const later = [mark('a', upTo(3)), mark('a', upTo(2))];
    expect(written).toHaveLength(1);
    await pass();
    await expect(Promise.all(later)).resolves.toEqual(['3 of 2', '2 of 2']);
    expect(written[1]).toEqual(['a', [upTo(3), upTo(2)]]);
  });

  test('[SYN-8] after a quiet period the next is written at once again', async () => {
    const { mark, written, pass } = marker();
    await mark('a', upTo(1));
    await pass();
    await mark('a', upTo(2));
    expect(written).toHaveLength(2);
  });

  test('keys do not wait for each other, and a failure is told to whom it concerns', async () => {
    const { mark, written, pass } = marker();
    await expect(mark('a', upTo(-1))).rejects.toThrow('no');
    await mark('b', upTo(1));
    await pass();
    await mark('a', upTo(5));
    expect(written.map(([key]) => key)).toEqual(['a', 'b', 'a']);
  });
});
